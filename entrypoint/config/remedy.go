package config

import (
	"strings"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/suggest"
)

// unknown makes a problem of every name that is nearly ours, another version's or another program's.
func (l *loader) unknown(titles []string) []Problem {
	var list []Problem
	known := l.names()
	for _, name := range l.env.Unknown(known) {
		p := Problem{Name: name, What: "is not a variable of percore"}
		p.What, p.Mend = l.remedy(name, known, titles, p.What)
		list = append(list, p)
	}
	return list
}

// remedy is what to do about a name that is not ours.
func (l *loader) remedy(name string, known, titles []string, byDefault string) (what, mend string) {
	if bare, marked := strings.CutPrefix(name, environment.ByteOrderMark); marked {
		return "begins with a byte order mark", "save the env file as UTF-8 without one, so that it is " + bare
	}
	if name == environment.PortName {
		return "is a name that Kubernetes and Docker set", "use PERCORE_LISTEN=:" + l.env[name] + ", or PORT=" + l.env[name]
	}
	if what, mend, found := suggest.AdviceOn(bareName(name, titles)); found {
		return what, mend
	}
	bare, twin := strings.CutSuffix(name, environment.FileSuffix)
	if right := suggest.Nearest(environment.Prefix, bare, known); right != "" && twin {
		return byDefault, "did you mean " + right + environment.FileSuffix + "?"
	}
	if right := suggest.Nearest(environment.Prefix, name, known); right != "" {
		return byDefault, "did you mean " + right + "?"
	}
	if hint := hintAtPrograms(name); hint != "" {
		return byDefault, hint
	}
	return byDefault, "`percore env` lists them all"
}

// bareName is what a name would be called for the fleet proper, without the prefix. It may be that of a further
// program with one of these titles.
func bareName(name string, titles []string) string {
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(name), environment.Prefix), environment.FileSuffix)
	for _, title := range titles {
		f := Further{Title: title}
		bare = strings.TrimPrefix(bare, strings.TrimPrefix(f.Variable(""), environment.Prefix))
	}
	return bare
}

// hintAtPrograms is what to do about a name that a program would have, were it named.
func hintAtPrograms(name string) string {
	rest := strings.TrimPrefix(name, environment.Prefix)
	for _, suffix := range []string{"_COMMAND", "_WORKERS", "_USER", "_AUTORESTART"} { // what programs are likely to have
		if title, fits := strings.CutSuffix(rest, suffix); fits && title != "" {
			return "if " + strings.ToLower(title) + " is a program, name it in PERCORE_PROGRAMS"
		}
	}
	return ""
}
