package commandline

import (
	"slices"
	"testing"
)

// What is left of an interpreter's arguments from its program's name on, option by option.
func TestTheScriptOfAnInterpreter(t *testing.T) {
	for _, c := range []struct {
		name        string
		interpreter string
		args, want  []string
	}{
		{"no arguments", "python3", nil, nil},
		{"a script", "python3", []string{"main.py", "-x"}, []string{"main.py", "-x"}},
		{"switches before it", "python3", []string{"-B", "-u", "main.py"}, []string{"main.py"}},
		{"a switch with a value", "python3", []string{"-W", "error", "main.py"}, []string{"main.py"}},
		{"a switch with a value in the same word", "python3", []string{"-Werror", "main.py"}, []string{"main.py"}},
		{"a switch whose value is missing", "python3", []string{"-W"}, nil},
		{"a module", "python3", []string{"-m", "http.server", "80"}, []string{"http.server", "80"}},
		{"a module behind other switches", "python3", []string{"-Bum", "app"}, []string{"app"}},
		{"a module that is missing", "python3", []string{"-m"}, []string{}},
		{"a program in the arguments", "python3", []string{"-c", "print(1)"}, nil},
		{"standard input", "python3", []string{"-"}, []string{"-"}},
		{"a long option", "node", []string{"--watch", "server.js"}, []string{"server.js"}},
		{"a long option with a value", "node", []string{"--max-old-space-size=200", "server.js"}, []string{"server.js"}},
		{"a program by print", "node", []string{"-p", "1"}, nil},
		{"a built-in server", "php", []string{"-S", ":80", "-t", "public"}, nil},
		{"a jar", "java", []string{"-Xmx1g", "-jar", "app.jar", "x"}, []string{"app.jar", "x"}},
		{"a class", "java", []string{"-server", "Main"}, []string{"Main"}},
	} {
		l, known := launcherOf(c.interpreter)
		if !known {
			t.Errorf("%s: %s is no interpreter", c.name, c.interpreter)
			continue
		}
		if got := l.script(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s %q: got %q, want %q", c.name, c.interpreter, c.args, got, c.want)
		}
	}
}

func TestInterpretersAreKnownByAnyVersion(t *testing.T) {
	for name, want := range map[string]bool{
		"python": true, "python3": true, "python3.13": true, "python2.7": true, "pypy3": true, "node": true, "nodejs": true, "node22": true,
		"ruby3.3": true, "perl5.38.2": true, "php8.3": true, "lua5.4": true, "luajit": true, "java": true,
		"pythonic": false, "python3-config": false, "php-fpm": false, "javac": false, "": false, "3": false,
	} {
		if _, known := launcherOf(name); known != want {
			t.Errorf("%s: got known %t, want %t", name, known, want)
		}
	}
}

func TestTheLastCommandOfAScript(t *testing.T) {
	for script, want := range map[string][]string{
		"app":                      {"app"},
		"app --port=1":             {"app", "--port=1"},
		"a; b; c":                  {"c"},
		"a && b":                   {"b"},
		"a || b":                   {"b"},
		"a\nb\n":                   {"b"},
		"cd /srv && A=1 B=2 app":   {"app"},
		"exec app":                 {"app"},
		"exec env A=1 app":         {"env", "A=1", "app"},
		"exec -a name app":         {"name", "app"},
		"app ; ; ":                 {"app"},
		"'my app' x":               {"my app", "x"},
		"":                         nil,
		";":                        nil,
		"exec":                     nil,
		"A=1":                      nil,
		`exec "$@"`:                nil,
		"$APP":                     nil,
		"(app)":                    nil,
		"while true; do app; done": nil,
		"echo done":                nil,
		"trap 'kill 0' TERM; wait": nil,
		"app 'x":                   nil,
		"exit 3":                   nil,
	} {
		if got := lastCommand(script); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", script, got, want)
		}
	}
}

func TestIsAssignment(t *testing.T) {
	for word, want := range map[string]bool{
		"A=1": true, "a_1=": true, "PATH=/bin:/usr/bin": true, "A=b=c": true,
		"A": false, "=1": false, "a-b=1": false, "--port=1": false, "./a=1": false, "": false,
	} {
		if got := isAssignment(word); got != want {
			t.Errorf("%q: got %t, want %t", word, got, want)
		}
	}
}

func TestACommandWithoutOptionsOfTheShell(t *testing.T) {
	for _, c := range []struct {
		name       string
		args, want []string
	}{
		{"nothing, an interactive shell", nil, nil},
		{"a script of its own", []string{"start.sh", "now"}, []string{"start.sh", "now"}},
		{"options before it", []string{"-e", "-x", "start.sh"}, []string{"start.sh"}},
		{"a command", []string{"-c", "exec app"}, []string{"app"}},
		{"a command behind other letters", []string{"-euc", "app"}, []string{"app"}},
		{"a command that is missing", []string{"-c"}, nil},
		{"options alone", []string{"-x"}, nil},
	} {
		if got := inShell(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q: got %q, want %q", c.name, c.args, got, c.want)
		}
	}
}
