package config

import "percore/entrypoint/config/value"

// Program is the configuration of one kind of process and how many of it there are, in supervisord's vocabulary. The names in the tags
// are those of the fleet proper; a further program has its own name in them, after PERCORE_.
type Program struct {
	Process
	Life
	Probes
	Recycling
	Logs `inherited:"true"`
}

// Process is what is started, how often, and as whom.
type Process struct {
	// the command line of a worker, when percore has no arguments; `{port}`, `{socket}`, `{index}` and `{name}` in
	// it are filled in for each worker
	Command value.Command `envconfig:"PERCORE_COMMAND" example:"python3 main.py --port={port}" effect:"roll"`

	// worker processes; `auto` is one per usable CPU
	//
	// Default: `WEB_CONCURRENCY` if set, else `auto`
	Workers value.Count `envconfig:"PERCORE_WORKERS" default:"auto" max:"1024" example:"4" effect:"scale"`

	// name of the fleet; processes are called `GROUP:NAME-PORT`
	//
	// Default: `PERCORE_NAME`
	//
	// Fixed: a worker has its name and its port for life
	Group value.Label `envconfig:"PERCORE_GROUP" example:"tornadoes" effect:"container"`

	// name of a worker, before the dash and its port
	//
	// Default: base name of the script behind an interpreter or `sh -c`, else of the command
	//
	// Fixed: a worker has its name and its port for life
	Name value.Label `envconfig:"PERCORE_NAME" example:"tornado" effect:"container"`

	// worker i listens on this port + i, on 127.0.0.1
	//
	// Fixed: a worker has its name and its port for life
	PortsFrom value.Int `envconfig:"PERCORE_PORTS_FROM" default:"8000" min:"1" max:"65535" example:"9000" effect:"container"`

	// where a worker listens: `tcp`: on 127.0.0.1 and its port; `unix`: on the unix socket whose path is
	// `{socket}` in its command and `PERCORE_SOCKET` in its environment, while the port only names it
	//
	// Default: `unix` when the command has `{socket}` in it, else `tcp`
	//
	// Fixed: a worker has its name and its port for life
	Bind value.Bind `envconfig:"PERCORE_BIND" default:"tcp" example:"unix" effect:"container"`

	// user that the workers run as: `name`, `uid`, `name:group` or `uid:gid`
	//
	// Default: inherited
	User value.User `envconfig:"PERCORE_USER" example:"www-data" effect:"roll" inherited:"true"`

	// working directory of the workers
	//
	// Default: inherited
	Directory string `envconfig:"PERCORE_DIRECTORY" example:"/var/www" effect:"roll" inherited:"true"`

	// umask of the workers, in octal
	//
	// Default: inherited
	Umask value.Umask `envconfig:"PERCORE_UMASK" example:"027" effect:"roll" inherited:"true"`

	// whether the workers can get no privileges by what they execute, such as `sudo` (man 2 prctl,
	// `PR_SET_NO_NEW_PRIVS`)
	NoNewPrivs value.Bool `envconfig:"PERCORE_NO_NEW_PRIVS" default:"false" example:"true" effect:"roll"`
}

// Life is how a process is started again, stopped and signalled.
type Life struct {
	// whether a worker that ends is started again; `unexpected`: unless its exit code is one of
	// `PERCORE_EXITCODES`
	Autorestart value.Autorestart `envconfig:"PERCORE_AUTORESTART" default:"true" example:"unexpected" effect:"judged"`

	// exit codes that `unexpected` does not restart after
	Exitcodes value.ExitCodes `envconfig:"PERCORE_EXITCODES" default:"0" example:"0,2" effect:"judged"`

	// a life shorter than this is a failed start; 0: none is
	StartSecs value.Duration `envconfig:"PERCORE_STARTSECS" default:"1s" example:"5" effect:"judged"`

	// failed starts in a row before a worker is given up as FATAL, which never happens while a sibling serves that
	// does not fail as often itself
	StartRetries value.Int `envconfig:"PERCORE_STARTRETRIES" default:"3" min:"0" max:"1000000" example:"10" effect:"judged"`

	// signal that asks a worker to stop, and then, when it has ended, whatever it has left behind, in sessions of
	// its own too
	StopSignal value.Signal `envconfig:"PERCORE_STOPSIGNAL" default:"TERM" example:"QUIT" effect:"judged"`

	// whether the signal goes to the whole process group of the worker at once, as in supervisord
	StopAsGroup value.Bool `envconfig:"PERCORE_STOPASGROUP" default:"false" example:"true" effect:"roll"`

	// how long a worker, and what it has left behind, have after that until all of it gets SIGKILL
	StopWaitSecs value.Duration `envconfig:"PERCORE_STOPWAITSECS" default:"10s" example:"30" effect:"judged"`

	// signals that become others on their way to a worker, or to the child of mode init, as `from:to`; without
	// `to` they are dropped; SIGKILL never is
	SignalMap value.SignalMap `envconfig:"PERCORE_SIGNAL_MAP" example:"TERM:QUIT,HUP:" effect:"roll"`

	// programs with a lower one start first and stop last; a stop goes on to the next when all of one are gone
	Priority value.Int `envconfig:"PERCORE_PRIORITY" default:"999" min:"-1000000" max:"1000000" example:"1" effect:"roll"`

	// whether worker i is pinned to CPU i of those that percore may use, and again from the first
	PinCPUs value.Bool `envconfig:"PERCORE_PIN_CPUS" default:"false" example:"true" effect:"roll"`
}
