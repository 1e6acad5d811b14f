package ctl

// command is one verb of the command line.
type command struct {
	run   func(t *Tool, args []string) int
	dials bool // it tries to connect before it looks at its arguments
	ours  bool // supervisorctl does not know it
	// changes says that it is nothing for a percore that was only found first among several.
	changes bool
	help    string // what `help VERB` prints
}

// commands is the whole command line.
func commands() map[string]command {
	return map[string]command{
		"status":   {run: (*Tool).status, dials: true, help: helpStatus},
		"start":    {run: (*Tool).start, changes: true, dials: true, help: helpStart},
		"stop":     {run: (*Tool).stop, changes: true, dials: true, help: helpStop},
		"restart":  {run: (*Tool).restart, changes: true, dials: true, help: helpRestart},
		"signal":   {run: (*Tool).signal, changes: true, dials: true, help: helpSignal},
		"pid":      {run: (*Tool).pid, dials: true, help: helpPID},
		"tail":     {run: (*Tool).tail, dials: true, help: helpTail},
		"maintail": {run: (*Tool).maintail, dials: true, help: helpMaintail},
		"clear":    {run: (*Tool).clear, changes: true, dials: true, help: helpClear},
		"fg":       {run: (*Tool).foreground, dials: true, help: helpFG},
		"version":  {run: (*Tool).version, dials: true, help: helpVersion},
		"update":   {run: (*Tool).update, changes: true, help: helpUpdate},
		"reread":   {run: (*Tool).reread, help: helpReread},
		"avail":    {run: (*Tool).avail, help: helpAvail},
		"add":      {run: (*Tool).add, help: helpAdd},
		"remove":   {run: (*Tool).remove, help: helpRemove},
		"reload":   {run: (*Tool).reload, changes: true, help: helpReload},
		"shutdown": {run: (*Tool).shutdown, changes: true, help: helpShutdown},
		"open":     {run: (*Tool).open, help: helpOpen},
		"help":     {run: (*Tool).showHelp, help: helpHelp},
		"quit":     {run: (*Tool).quit, help: "quit\tExit the supervisor shell."},
		"exit":     {run: (*Tool).quit, help: "exit\tExit the supervisor shell."},

		"scale":       {run: (*Tool).scale, changes: true, dials: true, ours: true, help: helpScale},
		"logs":        {run: (*Tool).logs, dials: true, ours: true, help: helpLogs},
		"drain":       {run: (*Tool).drain, changes: true, dials: true, ours: true, help: helpDrain},
		"undrain":     {run: (*Tool).undrain, changes: true, dials: true, ours: true, help: helpUndrain},
		"healthcheck": {run: (*Tool).healthcheck, ours: true, help: helpHealthcheck},
	}
}
