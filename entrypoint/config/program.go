package config

import (
	"strings"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
)

// Program is the configuration of one kind of process and how many of it there are, in supervisord's vocabulary. The
// names in the tags are those of the fleet proper; a further program has its own name in them, after PERCORE_.
type Program struct {
	Process
	Life
	Probes
	Recycling
	Logs `inherited:"true"`
}

// Process is what is started, how often, and as which user.
type Process struct {
	// Command line of a worker, unless percore has one as its arguments. In it `{port}`, `{socket}`, `{index}` and
	// `{name}` are replaced for each worker.
	Command value.Command `envconfig:"PERCORE_COMMAND" example:"python3 main.py --port={port}" effect:"roll"`

	// Number of workers. `auto` is one for each CPU that percore may use.
	//
	// Default: `WEB_CONCURRENCY` if set, else `auto`
	Workers value.Count `envconfig:"PERCORE_WORKERS" default:"auto" max:"1024" example:"4" effect:"scale"`

	// Name of the fleet. Processes are called `GROUP:NAME-PORT`.
	//
	// Default: `PERCORE_NAME`
	//
	// Fixed: a worker has its name and its port for life
	Group value.Label `envconfig:"PERCORE_GROUP" example:"tornadoes" effect:"container"`

	// Name of a worker, before the dash and its port.
	//
	// Default: base name of the script behind an interpreter or `sh -c`, else of the command
	//
	// Fixed: a worker has its name and its port for life
	Name value.Label `envconfig:"PERCORE_NAME" example:"tornado" effect:"container"`

	// Port of the first worker, on 127.0.0.1. Worker i listens on this port + i.
	//
	// Fixed: a worker has its name and its port for life
	PortsFrom value.Int `envconfig:"PERCORE_PORTS_FROM" default:"8000" min:"1" max:"65535" example:"9000" effect:"container"`

	// Where a worker listens. `tcp`: on its port of 127.0.0.1. `unix`: on a unix socket, whose path is `{socket}`
	// in its command and `PERCORE_SOCKET` in its environment; the port is then only a part of its name.
	//
	// Default: `unix` when the command has `{socket}` in it, else `tcp`
	//
	// Fixed: a worker has its name and its port for life
	Bind value.Bind `envconfig:"PERCORE_BIND" default:"tcp" example:"unix" effect:"container"`

	// User of the workers: `name`, `uid`, `name:group` or `uid:gid`.
	//
	// Default: inherited
	User value.User `envconfig:"PERCORE_USER" example:"www-data" effect:"roll" inherited:"true"`

	// Working directory of the workers.
	//
	// Default: inherited
	Directory string `envconfig:"PERCORE_DIRECTORY" example:"/var/www" effect:"roll" inherited:"true"`

	// Umask of the workers, in octal.
	//
	// Default: inherited
	Umask value.Umask `envconfig:"PERCORE_UMASK" example:"027" effect:"roll" inherited:"true"`

	// Whether workers are kept from gaining privileges by what they execute, such as `sudo` (man 2 prctl,
	// `PR_SET_NO_NEW_PRIVS`).
	NoNewPrivs value.Bool `envconfig:"PERCORE_NO_NEW_PRIVS" default:"false" example:"true" effect:"roll"`
}

// Life is how a process is started again, stopped and signalled.
type Life struct {
	// Whether a worker that ends is started again. `true`: always. `unexpected`: unless its exit code is one of
	// `PERCORE_EXITCODES`. `false`: never.
	Autorestart value.Autorestart `envconfig:"PERCORE_AUTORESTART" default:"true" example:"unexpected" effect:"judged"`

	// Exit codes after which `PERCORE_AUTORESTART=unexpected` does not start a worker again.
	Exitcodes value.ExitCodes `envconfig:"PERCORE_EXITCODES" default:"0" example:"0,2" effect:"judged"`

	// A worker that ends sooner than this after its start has failed to start. 0: an early end is no failed start.
	StartSecs value.Duration `envconfig:"PERCORE_STARTSECS" default:"1s" example:"5" effect:"judged"`

	// Failed starts in a row after which a worker is given up as FATAL. It is not given up while another worker of
	// its program serves that does not fail as often itself.
	StartRetries value.Int `envconfig:"PERCORE_STARTRETRIES" default:"3" min:"0" max:"1000000" example:"10" effect:"judged"`

	// Signal that asks a worker to stop. When the worker has ended, all that it has left behind gets the signal,
	// too, whatever its session.
	StopSignal value.Signal `envconfig:"PERCORE_STOPSIGNAL" default:"TERM" example:"QUIT" effect:"judged"`

	// Whether the signal goes to the whole process group of the worker at once, as in supervisord.
	StopAsGroup value.Bool `envconfig:"PERCORE_STOPASGROUP" default:"false" example:"true" effect:"roll"`

	// How long after the signal a worker, and what it has left behind, may take to end. What is left then gets
	// SIGKILL.
	StopWaitSecs value.Duration `envconfig:"PERCORE_STOPWAITSECS" default:"10s" example:"30" effect:"judged"`

	// Signals that become others on their way to a worker, or to the child of mode init, as `from:to`. A signal
	// without `to` is dropped. SIGKILL is never changed.
	SignalMap value.SignalMap `envconfig:"PERCORE_SIGNAL_MAP" example:"TERM:QUIT,HUP:" effect:"roll"`

	// Programs with a lower number start first and stop last. A stop goes on to the next number when all processes
	// of the one before have ended.
	Priority value.Int `envconfig:"PERCORE_PRIORITY" default:"999" min:"-1000000" max:"1000000" example:"1" effect:"roll"`

	// Whether worker i is pinned to CPU i of those that percore may use. With more workers than CPUs it begins
	// with the first again.
	PinCPUs value.Bool `envconfig:"PERCORE_PIN_CPUS" default:"false" example:"true" effect:"roll"`
}

// Further is one of the programs that PERCORE_PROGRAMS names. Its variables are Program's, with its own name after
// PERCORE_.
type Further struct {
	Title string // as in PERCORE_PROGRAMS
	Program
}

// Variable is the name of a variable of this program; name is that of the fleet proper, such as PERCORE_USER.
func (f *Further) Variable(name string) string {
	upper := strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(f.Title))
	return environment.Prefix + upper + "_" + strings.TrimPrefix(name, environment.Prefix)
}

// variables are the program's own.
func (f *Further) variables() []variable {
	list := variablesOf(&f.Program)
	for i := range list {
		list[i].name = f.Variable(list[i].key)
	}
	return list
}
