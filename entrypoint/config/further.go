package config

import (
	"fmt"
	"maps"

	"percore/entrypoint/config/value"
)

// loadFurther reads the further programs and adds what is known and wrong of them to the loader's own. Without
// traffic a program is one process, and has no port unless it is given one.
func (l *loader) loadFurther(c *Config, uid int) error {
	taken := map[string]bool{}
	for _, name := range l.names() {
		taken[name] = true
	}
	for _, title := range c.Programs {
		f := &Further{Title: title}
		sub := l.below(&f.Program, f.variables())
		if clash := sub.clash(taken); clash != "" {
			l.faults["PERCORE_PROGRAMS"] = Problem{
				Name: "PERCORE_PROGRAMS", Value: c.Programs.String(),
				What: "names " + title + ", whose " + clash + " is another variable already", Mend: "choose another name",
			}
			return nil
		}
		if workers := f.Variable("PERCORE_WORKERS"); !sub.isSet(workers) {
			sub.settings[workers] = Setting{Name: workers, Value: "1", Source: FromDefault}
		}
		sub.takeOver(l)
		if err := sub.decode(); err != nil {
			return err
		}
		sub.complete(f)
		sub.checkFurther(f, uid)
		l.adopt(sub)
		c.Further = append(c.Further, f)
	}
	return nil
}

// takeOver gives a further program the fleet's settings of those variables that are inherited and not its own: an
// image has one user, one folder and one place for logs, as a rule. The values root, / and AUTO undo that. What is
// wrong with one is said of the fleet's.
func (l *loader) takeOver(fleet *loader) {
	for _, v := range l.vars {
		given, set := fleet.settings[v.key]
		if v.inherited() && set && !l.isSet(v.name) {
			l.settings[v.name] = Setting{Name: v.name, Value: given.Value, Source: FromFleet, Reason: v.key}
		}
	}
}

// clash gives a name of sub's that is taken, and else takes them all.
func (l *loader) clash(taken map[string]bool) string {
	for _, v := range l.vars {
		if taken[v.name] {
			return v.name
		}
		taken[v.name] = true
	}
	return ""
}

// complete fills in what depends on the program's name and on there being a port.
func (l *loader) complete(f *Further) {
	bind := f.Variable("PERCORE_BIND")
	f.bindAfterCommand(bind, l.isSet(bind), l.settings)
	if ports := f.Variable("PERCORE_PORTS_FROM"); !l.isSet(ports) {
		f.PortsFrom = 0
		l.settings[ports] = Setting{Name: ports, Source: FromDefault, Reason: "no port"}
		if !l.isSet(f.Variable("PERCORE_READY")) && f.Bind != value.BindUnix {
			f.Ready = value.Ready{Kind: value.ReadyNone}
		}
	}
	for name, field := range map[string]*value.Label{"PERCORE_NAME": &f.Name, "PERCORE_GROUP": &f.Group} {
		if name = f.Variable(name); *field == "" {
			*field = value.Label(f.Title)
			l.settings[name] = Setting{Name: name, Source: FromDefault, Reason: "the program's name"}
		}
	}
}

func (l *loader) checkFurther(f *Further, uid int) {
	for _, rule := range []struct {
		name string
		find func() (what, mend string)
	}{
		{"PERCORE_COMMAND", func() (string, string) {
			if len(f.Command.Words) > 0 {
				return "", ""
			}
			return "is needed: PERCORE_PROGRAMS names " + f.Title,
				fmt.Sprintf(`for example %s="python3 %s.py"`, f.Variable("PERCORE_COMMAND"), f.Title)
		}},
		{"PERCORE_USER", func() (string, string) { return checkUser(f.User, uid) }},
		{"PERCORE_STOPSIGNAL", f.checkStopSignal},
		{"PERCORE_READY", func() (string, string) { return f.checkProbe(f.Ready) }},
		{"PERCORE_HEALTH", func() (string, string) { return f.checkProbe(f.Health) }},
	} {
		name := f.Variable(rule.name)
		if _, faulty := l.faults[name]; faulty || l.settings[name].Source == FromFleet {
			continue
		}
		if what, mend := rule.find(); what != "" {
			l.faults[name] = Problem{Name: name, Value: l.settings[name].Value, What: what, Mend: mend}
		}
	}
}

// checkProbe rules out what asks for a port where there is none.
func (f *Further) checkProbe(r value.Ready) (what, mend string) {
	if f.PortsFrom != 0 || f.Bind == value.BindUnix || !r.NeedsPort() {
		return "", ""
	}
	return "asks for a port, and the program has none", "set " + f.Variable("PERCORE_PORTS_FROM")
}

// adopt makes sub's settings, faults and names the loader's own.
func (l *loader) adopt(sub *loader) {
	maps.Copy(l.settings, sub.settings)
	maps.Copy(l.faults, sub.faults)
	l.further = append(l.further, sub.vars...)
}
