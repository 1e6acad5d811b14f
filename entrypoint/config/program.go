package config

import (
	"percore/entrypoint/config/value"
)

// Program is the configuration of one kind of process and how many of it there are, in supervisord's vocabulary. The names
// in the tags are those of the fleet proper; a further program has its own name in them, after PERCORE_.
type Program struct {
	Command           value.Command     `envconfig:"PERCORE_COMMAND" group:"fleet" example:"python3 main.py --port={port}" doc:"the command line of a worker, when percore has no arguments; '{port}', '{socket}', '{index}' and '{name}' in it are filled in for each worker"`
	Workers           value.Count       `envconfig:"PERCORE_WORKERS" group:"fleet" default:"auto" max:"1024" shown:"'WEB_CONCURRENCY' if set, else 'auto'" example:"4" doc:"worker processes; 'auto' is one per usable CPU"`
	Group             value.Label       `envconfig:"PERCORE_GROUP" group:"fleet" shown:"'PERCORE_NAME'" example:"tornadoes" doc:"name of the fleet; processes are called 'GROUP:NAME-PORT'"`
	Name              value.Label       `envconfig:"PERCORE_NAME" group:"fleet" shown:"base name of the script behind an interpreter or 'sh -c', else of the command" example:"tornado" doc:"name of a worker, before the dash and its port"`
	PortsFrom         value.Int         `envconfig:"PERCORE_PORTS_FROM" group:"fleet" default:"8000" min:"1" max:"65535" example:"9000" doc:"worker i listens on this port + i, on 127.0.0.1"`
	Bind              value.Bind        `envconfig:"PERCORE_BIND" group:"fleet" default:"tcp" shown:"'unix' when the command has '{socket}' in it, else 'tcp'" example:"unix" doc:"where a worker listens: 'tcp': on 127.0.0.1 and its port; 'unix': on the unix socket whose path is '{socket}' in its command and 'PERCORE_SOCKET' in its environment, while the port only names it"`
	User              value.User        `envconfig:"PERCORE_USER" group:"fleet" shown:"inherited" example:"www-data" doc:"user that the workers run as: 'name', 'uid', 'name:group' or 'uid:gid'"`
	Directory         string            `envconfig:"PERCORE_DIRECTORY" group:"fleet" shown:"inherited" example:"/var/www" doc:"working directory of the workers"`
	Umask             value.Umask       `envconfig:"PERCORE_UMASK" group:"fleet" shown:"inherited" example:"027" doc:"umask of the workers, in octal"`
	NoNewPrivs        value.Bool        `envconfig:"PERCORE_NO_NEW_PRIVS" group:"fleet" default:"false" example:"true" doc:"whether the workers can get no privileges by what they execute, such as 'sudo' (man 2 prctl, 'PR_SET_NO_NEW_PRIVS')"`
	Autorestart       value.Autorestart `envconfig:"PERCORE_AUTORESTART" group:"fleet" default:"true" example:"unexpected" doc:"whether a worker that ends is started again; 'unexpected': unless its exit code is one of 'PERCORE_EXITCODES'"`
	Exitcodes         value.ExitCodes   `envconfig:"PERCORE_EXITCODES" group:"fleet" default:"0" example:"0,2" doc:"exit codes that 'unexpected' does not restart after"`
	StartSecs         value.Duration    `envconfig:"PERCORE_STARTSECS" group:"fleet" default:"1s" example:"5" doc:"a life shorter than this is a failed start; 0: none is"`
	StartRetries      value.Int         `envconfig:"PERCORE_STARTRETRIES" group:"fleet" default:"3" min:"0" max:"1000000" example:"10" doc:"failed starts in a row before a worker is given up as FATAL, which never happens while a sibling serves that does not fail as often itself"`
	StopSignal        value.Signal      `envconfig:"PERCORE_STOPSIGNAL" group:"fleet" default:"TERM" example:"QUIT" doc:"signal that asks a worker to stop, and then, when it has ended, whatever it has left behind, in sessions of its own too"`
	StopAsGroup       value.Bool        `envconfig:"PERCORE_STOPASGROUP" group:"fleet" default:"false" example:"true" doc:"whether the signal goes to the whole process group of the worker at once, as in supervisord"`
	StopWaitSecs      value.Duration    `envconfig:"PERCORE_STOPWAITSECS" group:"fleet" default:"10s" example:"30" doc:"how long a worker, and what it has left behind, have after that until all of it gets SIGKILL"`
	SignalMap         value.SignalMap   `envconfig:"PERCORE_SIGNAL_MAP" group:"fleet" example:"TERM:QUIT,HUP:" doc:"signals that become others on their way to a worker, or to the child of mode init, as 'from:to'; without 'to' they are dropped; SIGKILL never is"`
	Priority          value.Int         `envconfig:"PERCORE_PRIORITY" group:"fleet" default:"999" min:"-1000000" max:"1000000" example:"1" doc:"programs with a lower one start first and stop last; a stop goes on to the next when all of one are gone"`
	PinCPUs           value.Bool        `envconfig:"PERCORE_PIN_CPUS" group:"fleet" default:"false" example:"true" doc:"whether worker i is pinned to CPU i of those that percore may use, and again from the first"`
	Ready             value.Ready       `envconfig:"PERCORE_READY" group:"fleet" default:"tcp" example:"http:/healthz" doc:"when a worker gets traffic: 'tcp': its port accepts; 'http:/path': the path answers 2xx or 3xx; 'notify': it sends 'READY=1' to 'NOTIFY_SOCKET', as sd_notify does; 'none': at once"`
	ReadyTimeout      value.Duration    `envconfig:"PERCORE_READY_TIMEOUT" group:"fleet" default:"60s" min:"0.001" example:"120" doc:"a worker that is not ready in this time is a failed start"`
	Health            value.Ready       `envconfig:"PERCORE_HEALTH" group:"fleet" shown:"'none'" example:"http:/healthz" doc:"how a worker that gets traffic is checked: 'tcp': its port accepts, and it is not stopped (SIGSTOP), which is all that a port tells of a hang; 'http:/path': the path answers 2xx or 3xx; 'notify': it sends 'WATCHDOG=1' more often than every 'PERCORE_HEALTH_INTERVAL' times 'PERCORE_HEALTH_FAILURES', which it finds in 'WATCHDOG_USEC'; one that fails is taken out of traffic and replaced"`
	HealthInterval    value.Duration    `envconfig:"PERCORE_HEALTH_INTERVAL" group:"fleet" default:"5s" min:"0.01" example:"10" doc:"time between two checks"`
	HealthTimeout     value.Duration    `envconfig:"PERCORE_HEALTH_TIMEOUT" group:"fleet" default:"2s" min:"0.001" example:"5" doc:"a check that takes longer has failed"`
	HealthFailures    value.Int         `envconfig:"PERCORE_HEALTH_FAILURES" group:"fleet" default:"3" min:"1" max:"1000" example:"5" doc:"failed checks in a row that are too many"`
	MaxRequests       value.Int         `envconfig:"PERCORE_MAX_REQUESTS" group:"fleet" default:"0" min:"0" max:"1000000000" example:"10000" doc:"requests after which a worker is replaced, one worker at a time and without losing a request; 0: never"`
	MaxRequestsJitter value.Int         `envconfig:"PERCORE_MAX_REQUESTS_JITTER" group:"fleet" default:"0" min:"0" max:"1000000000" example:"1000" doc:"up to this many requests more, by chance, so that not all workers are due at once"`
	MaxLifetime       value.Duration    `envconfig:"PERCORE_MAX_LIFETIME" group:"fleet" default:"0s" example:"24h" doc:"age at which a worker is replaced; 0: never"`
	MaxRSS            value.Size        `envconfig:"PERCORE_MAX_RSS" group:"fleet" default:"0" example:"512MB" doc:"resident memory of a worker and all processes below it beyond which it is replaced; looked at every 2 seconds; 0: never"`

	RedirectStderr        value.Bool      `envconfig:"PERCORE_REDIRECT_STDERR" group:"fleet" default:"false" example:"true" doc:"whether stderr goes where stdout goes, in the order of the writes"`
	StdoutLogfile         value.LogFile   `envconfig:"PERCORE_STDOUT_LOGFILE" group:"fleet" shown:"stdout of percore" example:"/var/log/app/{name}.log" doc:"file that the stdout of the workers is appended to; '{name}', '{index}' and '{port}' in it are filled in for each worker; 'NONE': it is thrown away; 'AUTO', '/dev/stdout', '/dev/stderr': that of percore"`
	StdoutLogfileMaxbytes value.Size      `envconfig:"PERCORE_STDOUT_LOGFILE_MAXBYTES" group:"fleet" default:"50MB" example:"10MB" doc:"size at which that file becomes FILE.1, FILE.1 becomes FILE.2 and so on; 0: never"`
	StdoutLogfileBackups  value.Int       `envconfig:"PERCORE_STDOUT_LOGFILE_BACKUPS" group:"fleet" default:"10" min:"0" max:"1000" example:"3" doc:"how many of these are kept; 0: the file is emptied instead"`
	StderrLogfile         value.LogFile   `envconfig:"PERCORE_STDERR_LOGFILE" group:"fleet" shown:"stderr of percore" example:"/var/log/app/{name}.err" doc:"the same for stderr"`
	StderrLogfileMaxbytes value.Size      `envconfig:"PERCORE_STDERR_LOGFILE_MAXBYTES" group:"fleet" default:"50MB" example:"10MB" doc:"the same for stderr"`
	StderrLogfileBackups  value.Int       `envconfig:"PERCORE_STDERR_LOGFILE_BACKUPS" group:"fleet" default:"10" min:"0" max:"1000" example:"3" doc:"the same for stderr"`
	LogPrefix             value.LogPrefix `envconfig:"PERCORE_LOG_PREFIX" group:"fleet" default:"false" example:"true" doc:"put 'NAME-PORT: ' before each line of a worker; 'json': make each a JSON object with 'time', 'level', 'msg', 'process' and 'stream'"`
}
