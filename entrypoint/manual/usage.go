package manual

// Usage is what `percore help` prints.
const Usage = `usage:
  percore [--] COMMAND [ARG...]      run COMMAND once per usable CPU behind the front door
  percore demo                       the same with a built-in demo worker, on http://127.0.0.1:8080;
                                     as PID 1 of a container on every address
  percore init [--] COMMAND...       run COMMAND once, as a transparent init: no fleet, no front door
  percore check [--json] [--values] [--env-file F] [--] [COMMAND...]    what a start would find wrong; starts nothing
  percore env [--markdown|--json]    the reference of every variable
  percore completion bash|zsh|fish   the shell completes words, options and workers
  percore version [--licenses] | --version | help [WORD] | WORD --help

  percore status [--json] [-v] [NAME...]      the state of the workers; exits with 3 when one is down
  percore start|stop|restart NAME...          NAME is GROUP:NAME-PORT, GROUP:* or all; restart --hard stops all first
  percore scale [GROUP] N|+N|-N               set the number of workers to N, or N more or fewer
  percore drain|undrain NAME...               take workers out of traffic, or give it back
  percore signal SIGNAL NAME...               send a signal
  percore pid [NAME...]                       process ids; that of PID 1 without a name
  percore tail [-f] [-BYTES] NAME [stderr]    the end of a worker's output
  percore logs [-f] [NAME...]                 both streams of all workers, each line behind its worker's name
  percore update [--dry-run] [--env-file F] [NAME=VALUE...]    change variables at run time
  percore reread, avail, shutdown             as in supervisorctl
  percore healthcheck                         exit with 0 when a worker serves, else with 1

In COMMAND's arguments {port}, {index}, {name} and {socket} (PERCORE_BIND) are filled in for each worker.
Everything else is configured by PERCORE_ variables; see "percore env".
`
