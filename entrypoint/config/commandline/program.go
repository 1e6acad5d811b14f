package commandline

import (
	"path"
	"slices"
	"strings"
)

// Program finds the word of a command line that tells people what runs: the script behind an interpreter, the command
// in `sh -c "…"`, the module behind `python3 -m`, else the program itself.
func Program(words []string) string {
	for range nestedMax {
		inner := innerCommand(words)
		if len(inner) == 0 || inner[0] == "" {
			return words[0]
		}
		words = inner
	}
	return words[0]
}

// nestedMax bounds how many launchers stand in front of one another, such as env, sh -c, exec and python3.
const nestedMax = 8

// innerCommand is the command that the first word of words starts, beginning with its name; none where that word is
// the program, or where the rest cannot be understood.
func innerCommand(words []string) []string {
	base := path.Base(words[0])
	switch {
	case base == "env" || base == "exec" || base == "nohup":
		return skip(words[1:], func(w string) bool { return strings.HasPrefix(w, "-") || isAssignment(w) })
	case slices.Contains(shells, base):
		return inShell(words[1:])
	case len(words) > 2 && runners[base] != "" && words[1] == runners[base]:
		return skip(words[2:], isOption)
	}
	if l, ok := launcherOf(base); ok {
		return l.script(words[1:])
	}
	return nil
}

var shells = []string{"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"}

// runners are the programs that start another one, by the word that says so.
var runners = map[string]string{
	"bundle": "exec", "uv": "run", "poetry": "run", "pipenv": "run", "deno": "run", "bun": "run",
}

// launcher is an interpreter and those of its options that matter here.
type launcher struct {
	names  []string
	valued string // letters of the options whose value is the next word
	named  string // letter of the option whose value names the program
	inline string // letters of the options that bring the program itself: it has no name
}

var launchers = []launcher{
	{names: []string{"python", "pypy"}, valued: "WX", named: "m", inline: "c"},
	{names: []string{"node", "nodejs"}, valued: "r", inline: "ep"},
	{names: []string{"ruby"}, valued: "Ir", inline: "e"},
	{names: []string{"perl"}, valued: "IMm", inline: "e"},
	{names: []string{"php"}, valued: "dcStz", inline: "r"},
	{names: []string{"lua", "luajit"}, valued: "l", inline: "e"},
	{names: []string{"java"}},
}

// launcherOf knows an interpreter with its version behind its name, too: python3.11.
func launcherOf(base string) (launcher, bool) {
	name := strings.TrimRight(base, "0123456789.")
	for _, l := range launchers {
		if slices.Contains(l.names, name) {
			return l, true
		}
	}
	return launcher{}, false
}

// script is what is left of the interpreter's arguments from its program's name on.
func (l launcher) script(args []string) []string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "-jar" && slices.Contains(l.names, "java") {
			return args[i+1:]
		}
		if !isOption(arg) {
			return args[i:]
		}
		if strings.HasPrefix(arg, "--") {
			continue // with its value behind an equals sign, where it has one
		}
		letter := arg[len(arg)-1:]
		switch {
		case strings.Contains(l.inline, letter):
			return nil
		case letter == l.named:
			return args[i+1:]
		case len(arg) == 2 && strings.Contains(l.valued, letter):
			i++
		}
	}
	return nil
}

// inShell is the last command of `-c SCRIPT`, or the script that a shell is to read.
func inShell(args []string) []string {
	rest := skip(args, func(w string) bool { return isOption(w) && !strings.HasSuffix(w, "c") })
	if len(rest) == 0 {
		return nil
	}
	if !isOption(rest[0]) {
		return rest
	}
	if len(rest) < 2 {
		return nil
	}
	return lastCommand(rest[1])
}

// lastCommand is the simple command at a script's end: what goes before prepares for it. None where the script is
// more than a list.
func lastCommand(script string) []string {
	for _, operator := range []string{"&&", "||", ";", "\n"} {
		script = strings.ReplaceAll(strings.TrimRight(script, "; \n"), operator, " ; ")
	}
	words, err := Split(script)
	if err != nil {
		return nil
	}
	for i := len(words) - 1; i >= 0; i-- {
		if words[i] == ";" {
			words = words[i+1:]
			break
		}
	}
	words = skip(words, isAssignment)
	if len(words) > 0 && words[0] == "exec" {
		words = innerCommand(words)
	}
	if len(words) == 0 || !isProgram(words[0]) {
		return nil
	}
	return words
}

// isProgram reports whether the first word of a command names a program as it stands.
func isProgram(word string) bool {
	return word != "" && !strings.ContainsAny(word, "(){}$&|<>!*:[]") && !slices.Contains(shellWords, word)
}

// shellWords are what the last command of a list may begin with that is no program: reserved words and builtins
// (POSIX.1-2017, 2.4 and 2.14).
var shellWords = []string{
	"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "function", "select",
	".", "break", "cd", "continue", "echo", "eval", "exit", "export", "false", "kill", "printf", "read", "readonly",
	"return", "set", "shift", "sleep", "test", "times", "trap", "true", "ulimit", "umask", "unset", "wait",
}

// skip drops the words in front for which drop holds.
func skip(words []string, drop func(string) bool) []string {
	for len(words) > 0 && drop(words[0]) {
		words = words[1:]
	}
	return words
}

func isOption(word string) bool { return len(word) > 1 && word[0] == '-' }

// isAssignment reports whether a shell, or env, takes the word for NAME=VALUE.
func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && name != "" && !strings.ContainsFunc(name, func(c rune) bool { return !isNameChar(c) })
}
