package config

import (
	"fmt"
	"strconv"

	"percore/entrypoint/config/commandline"
	"percore/entrypoint/config/value"
)

// check holds the settings against each other. A faulty one has been reported and keeps its contradictions to itself.
func (l *loader) check(c *Config, uid int) {
	for _, rule := range []struct {
		names []string // the first gets the blame
		find  func() (what, mend string)
	}{
		{
			[]string{"PERCORE_PORTS_FROM", "PERCORE_WORKERS", "WEB_CONCURRENCY", "PERCORE_LISTEN", "PORT", "PERCORE_MODE"},
			func() (string, string) { return c.checkPorts(c.Workers.Or(1)) },
		},
		{
			[]string{"PERCORE_READY", "PERCORE_BIND", "PERCORE_MODE"},
			func() (string, string) { return c.checkSocketReady(uid) },
		},
		{[]string{"PERCORE_STOPSIGNAL"}, c.checkStopSignal},
		{[]string{"PERCORE_LAME_DUCK", "PERCORE_STOP_TIMEOUT"}, c.checkLameDuck},
		{[]string{"PERCORE_TRUSTED_HOPS", "PERCORE_TRUSTED_PROXIES", "PERCORE_PROXY_PROTOCOL"}, c.checkHops},
		{[]string{"PERCORE_PROGRAMS"}, c.checkProcesses},
		{
			[]string{"PERCORE_PROGRAMS", "PERCORE_PORTS_FROM", "PERCORE_LISTEN"},
			func() (string, string) { return c.checkFurtherPorts(c.Workers.Or(1)) },
		},
		{[]string{"PERCORE_USER"}, func() (string, string) { return checkUser(c.User, uid) }},
		{[]string{"PERCORE_FRONT_USER"}, func() (string, string) { return checkUser(c.FrontUser, uid) }},
	} {
		if l.anyFaulty(rule.names) {
			continue
		}
		if what, mend := rule.find(); what != "" {
			name := rule.names[0]
			l.faults[name] = Problem{Name: name, Value: l.settings[name].Value, What: what, Mend: mend}
		}
	}
}

func (l *loader) anyFaulty(names []string) bool {
	for _, name := range names {
		if _, faulty := l.faults[name]; faulty {
			return true
		}
	}
	return false
}

// checkHops looks for two ways of telling proxies: by their addresses, as a PROXY header is believed, and by their
// number.
func (c *Config) checkHops() (what, mend string) {
	switch {
	case c.TrustedHops == 0:
		return "", ""
	case !c.TrustedProxies.IsEmpty():
		return "contradicts PERCORE_TRUSTED_PROXIES: percore knows proxies by their addresses or by their number",
			"unset one of them"
	case bool(c.ProxyProtocol):
		return "contradicts PERCORE_PROXY_PROTOCOL, which goes by addresses",
			"name the balancer in PERCORE_TRUSTED_PROXIES instead"
	}
	return "", ""
}

// checkSocketReady rules out that the workers' sockets stay closed to the front door, which runs as another user.
// percore opens them to it as soon as they are there.
func (c *Config) checkSocketReady(uid int) (what, mend string) {
	if uid != 0 || c.Bind != value.BindUnix || !c.Mode.Facts().Proxies || c.Ready.Kind != value.ReadyNone {
		return "", ""
	}
	return "does not go with PERCORE_BIND=unix: percore has to know when the front door can connect to the socket",
		"choose tcp, http:/path or notify"
}

// checkStopSignal rules out signals that no process ends by, as every worker would live until it is killed.
func (p *Program) checkStopSignal() (what, mend string) {
	if p.StopSignal.Stops() {
		return "", ""
	}
	return "stops no process", "choose TERM, INT or QUIT"
}

func (c *Config) checkLameDuck() (what, mend string) {
	if c.LameDuck < c.StopTimeout {
		return "", ""
	}
	return fmt.Sprintf("leaves nothing of PERCORE_STOP_TIMEOUT, which is %s", c.StopTimeout),
		"make it shorter, or PERCORE_STOP_TIMEOUT longer"
}

// checkUser rules out the change of user that the kernel is going to refuse.
func checkUser(user value.User, uid int) (what, mend string) {
	name, _ := user.Split()
	if user == "" || uid == 0 || name == strconv.Itoa(uid) {
		return "", ""
	}
	if _, err := strconv.Atoi(name); err != nil {
		return "", "" // a name may well be uid's; only the password file knows
	}
	return fmt.Sprintf("takes a percore that starts as root, and this one runs as uid %d", uid),
		"unset it, or start percore as root"
}

// warnings lists what is allowed and yet probably not meant.
func (c *Config) warnings() []Warning {
	var list []Warning
	add := func(name, value, what, mend string) {
		list = append(list, Warning{Name: name, Value: value, What: what, Mend: mend})
	}
	if operator := commandline.ShellOperator(c.Command.Words); operator != "" {
		add("PERCORE_COMMAND", "", "holds "+strconv.Quote(operator)+", which the program gets as an argument: no shell runs",
			`for a shell, write sh -c "exec ..."`)
	}
	if c.IsSet("PERCORE_EXITCODES") && c.Autorestart != value.RestartUnexpected {
		add("PERCORE_EXITCODES", c.Exitcodes.String(), "has no effect", "it counts only with PERCORE_AUTORESTART=unexpected")
	}
	if bool(c.ProxyProtocol) && c.TrustedProxies.IsEmpty() {
		add("PERCORE_PROXY_PROTOCOL", c.ProxyProtocol.String(),
			"believes no header: every client will have the address of the balancer",
			"name the balancer in PERCORE_TRUSTED_PROXIES")
	}
	if c.IsSet("PERCORE_STDERR_LOGFILE") && bool(c.RedirectStderr) {
		add("PERCORE_STDERR_LOGFILE", string(c.StderrLogfile), "has no effect",
			"with PERCORE_REDIRECT_STDERR stderr goes where stdout goes")
	}
	if facts := c.Mode.Facts(); c.IsSet("PERCORE_LISTEN") && facts.Fleet && !facts.Listens {
		add("PERCORE_LISTEN", c.Listen.String(), "has no effect", "nothing listens with PERCORE_MODE="+string(c.Mode))
	}
	c.idleHolding(add)
	return list
}

// HoldsInFiles reports whether any body may be held in a file.
func (h *Holding) HoldsInFiles() bool {
	return bool(h.ProxyRequestBuffering) || bool(h.ProxyBuffering) && h.ProxyMaxTempFileSize > 0
}

// idleHolding warns of what is said of files that there will not be.
func (c *Config) idleHolding(add func(name, value, what, mend string)) {
	const requestsStream = "nothing is held in files with PERCORE_PROXY_REQUEST_BUFFERING=false and "
	because := requestsStream + "PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0"
	if !c.ProxyBuffering {
		because = requestsStream + "PERCORE_PROXY_BUFFERING=false"
	}
	if c.IsSet("PERCORE_PROXY_MAX_TEMP_FILE_SIZE") && !bool(c.ProxyBuffering) {
		add("PERCORE_PROXY_MAX_TEMP_FILE_SIZE", c.ProxyMaxTempFileSize.String(), "has no effect",
			"with PERCORE_PROXY_BUFFERING=false no response is held")
	}
	if c.HoldsInFiles() {
		return
	}
	if c.IsSet("PERCORE_CLIENT_BODY_TEMP_PATH") {
		add("PERCORE_CLIENT_BODY_TEMP_PATH", string(c.ClientBodyTempPath), "has no effect", because)
	}
	if c.IsSet("PERCORE_TEMP_SIZE") {
		add("PERCORE_TEMP_SIZE", c.TempSize.String(), "has no effect", because)
	}
}
