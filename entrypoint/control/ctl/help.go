package ctl

// The texts of `help`. Those of supervisorctl's verbs are supervisor 4.2.5's, which scripts and people know.
const (
	helpTopics = `
default commands (type help <topic>):
=====================================
add    exit      open  reload  restart   start   tail   
avail  fg        pid   remove  shutdown  status  update 
clear  maintail  quit  reread  signal    stop    version
`
	helpOwnTopics = `percore's own commands:
=======================
check  drain  healthcheck  logs  scale  undrain
`
	helpHelp   = "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>"
	helpStatus = "status <name>\t\tGet status for a single process\n" +
		"status <gname>:*\tGet status for all processes in a group\n" +
		"status <name> <name>\tGet status for multiple named processes\n" +
		"status\t\t\tGet all process status info"
	helpStart = "start <name>\t\tStart a process\n" +
		"start <gname>:*\t\tStart all processes in a group\n" +
		"start <name> <name>\tStart multiple processes or groups\n" +
		"start all\t\tStart all processes"
	helpStop = "stop <name>\t\tStop a process\n" +
		"stop <gname>:*\t\tStop all processes in a group\n" +
		"stop <name> <name>\tStop multiple processes or groups\n" +
		"stop all\t\tStop all processes"
	helpRestart = "restart <name>\t\tRestart a process\n" +
		"restart <gname>:*\tRestart all processes in a group\n" +
		"restart <name> <name>\tRestart multiple processes or groups\n" +
		"restart all\t\tRestart all processes\n" +
		"Note: restart does not reread config files. For that, see reread and update."
	helpSignal = "signal <signal name> <name>\t\tSignal a process\n" +
		"signal <signal name> <gname>:*\t\tSignal all processes in a group\n" +
		"signal <signal name> <name> <name>\tSignal multiple processes or groups\n" +
		"signal <signal name> all\t\tSignal all processes"
	helpPID = "pid\t\t\tGet the PID of supervisord.\n" +
		"pid <name>\t\tGet the PID of a single child process by name.\n" +
		"pid all\t\t\tGet the PID of every child process, one per line."
	helpTail = "tail [-f] <name> [stdout|stderr] (default stdout)\n" +
		"Ex:\n" +
		"tail -f <name>\t\tContinuous tail of named process stdout\n" +
		"\t\t\tCtrl-C to exit.\n" +
		"tail -100 <name>\tlast 100 *bytes* of process stdout\n" +
		"tail <name> stderr\tlast 1600 *bytes* of process stderr"
	helpMaintail = "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n" +
		"maintail -100\tlast 100 *bytes* of supervisord main log file\n" +
		"maintail\tlast 1600 *bytes* of supervisor main log file\n"
	helpClear = "clear <name>\t\tClear a process' log files.\n" +
		"clear <name> <name>\tClear multiple process' log files\n" +
		"clear all\t\tClear all process' log files"
	helpFG      = "fg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit"
	helpVersion = "version\t\t\tShow the version of the remote supervisord process"
	helpUpdate  = "update\t\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
		"update all\t\tReload config and add/remove as necessary, and will restart affected programs\n" +
		"update <gname> [...]\tUpdate specific groups"
	helpReread      = "reread \t\t\tReload the daemon's configuration files without add/remove"
	helpAvail       = "avail\t\t\tDisplay all configured processes"
	helpAdd         = "add <name> [...]\tActivates any updates in config for process/group"
	helpRemove      = "remove <name> [...]\tRemoves process/group from active config"
	helpReload      = "reload \t\tRestart the remote supervisord."
	helpShutdown    = "shutdown \tShut the remote supervisord down."
	helpOpen        = "open <url>\tConnect to a remote supervisord process.\n\t\t(for UNIX domain socket, use unix:///socket/path)"
	helpScale       = "scale <number>\t\tHave that many workers; +1 is one more, -1 one fewer\nscale <gname> <number>\tHave that many processes in a group"
	helpLogs        = "logs [-f]\t\tThe end of what all workers have written, to both streams\nlogs [-f] <name>\tThe same of one worker, or of <gname>:*"
	helpHealthcheck = "healthcheck\tExit 0 when a worker serves, 1 otherwise"
	helpDrain       = "drain <name>\t\tTake a process out of traffic, when its requests are done\ndrain <gname>:*\t\tTake all processes in a group out of traffic"
	helpUndrain     = "undrain <name>\t\tGive a drained process traffic again\nundrain <gname>:*\tGive all processes in a group traffic again"
)
