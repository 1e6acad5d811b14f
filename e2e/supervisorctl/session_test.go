package supervisorctl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A session is one command to a line; a line that starts with await repeats a command until it prints the text behind the arrow.
var sessions = map[string]struct {
	program  program
	commands string
}{
	"two-sleepers": {program{"sleep 1000", "3"}, `
await status => tornado-8001 RUNNING
status
status all
status tornadoes:*
status tornadoes:
status tornadoes:tornado-8001
status tornadoes:tornado-8001 tornadoes:tornado-8000
status nope
status nope:*
status nope:x tornadoes:*
status tornadoes
pid
pid all
pid tornadoes:tornado-8000
pid nope
pid nope tornadoes:tornado-8000
stop tornadoes:tornado-8000
status
status tornadoes:tornado-8001
status nope tornadoes:*
pid tornadoes:tornado-8000
pid all
stop tornadoes:tornado-8000
stop tornadoes:*
stop tornadoes:*
stop all
status
signal HUP tornadoes:tornado-8000
signal HUP tornadoes:*
signal HUP all
start tornadoes:tornado-8000
start tornadoes:tornado-8000
start tornadoes:*
start tornadoes:*
start all
status
signal CONT tornadoes:tornado-8000
signal 18 tornadoes:tornado-8000
signal cont tornadoes:tornado-8000
signal CONT tornadoes:*
signal CONT all
signal NOPE tornadoes:tornado-8000
signal NOPE tornadoes:*
signal 99 tornadoes:tornado-8000
signal CONT nope
signal CONT nope:*
signal CONT
signal
start
start nope
start nope:*
start nope tornadoes:tornado-8000
stop
stop nope
stop nope:*
restart
restart nope
restart nope:*
restart tornadoes:tornado-8001
stop tornadoes:tornado-8000
restart tornadoes:tornado-8000
status
avail
avail x
reread
reread x
update
update all
update tornadoes
update nope
add tornadoes
add nope
remove tornadoes
remove nope
clear
clear nope
clear tornadoes:tornado-8000
clear all
tail
tail a b c d
tail nope
tail nope chan
tail -f
tail -x nope
tail tornadoes:tornado-8000
tail -10 tornadoes:tornado-8000 stderr
maintail a b
maintail x
fg
fg a b
fg nope
version
version x
reload x
shutdown x
open x
help
help help
help nope
help add
help avail
help clear
help exit
help fg
help maintail
help open
help pid
help quit
help reload
help remove
help reread
help restart
help shutdown
help signal
help start
help status
help stop
help tail
help update
help version
foo
foo bar
scale 2
quit
exit
-x
-c
shutdown
`},
	"crash-at-once": {program{"false", "100"}, `
await status => tornado-8000 BACKOFF
status tornadoes:tornado-8000
stop tornadoes:*
status
`},
	"talkers": {program{"{talker}", "3"}, `
await status => tornado-8001 RUNNING
await tail tornadoes:tornado-8000 => to stdout
tail tornadoes:tornado-8000
tail tornadoes:tornado-8000 stdout
tail tornadoes:tornado-8000 STDERR
tail -5 tornadoes:tornado-8000
tail -100000 tornadoes:tornado-8000 stderr
`},
}

func TestTheSameCommandsPrintTheSame(t *testing.T) {
	for name, s := range sessions {
		t.Run(name, func(t *testing.T) {
			w := start(t, s.program)
			var got strings.Builder
			for _, line := range strings.Split(strings.TrimSpace(s.commands), "\n") {
				got.WriteString(w.step(line))
			}
			hold(t, name, got.String())
		})
	}
}

// step is a command as a recording has it, with what it printed and its exit code.
func (w *world) step(line string) string {
	w.Helper()
	if rest, wait := strings.CutPrefix(line, "await "); wait {
		command, want, _ := strings.Cut(rest, " => ")
		w.await(want, func() bool {
			text, _ := w.run("", strings.Fields(command)...)
			return strings.Contains(strings.Join(strings.Fields(text), " "), want)
		})
		return ""
	}
	text, code := w.run("", strings.Fields(line)...)
	return fmt.Sprintf("$ supervisorctl %s\n%s[%d]\n", line, text, code)
}

// hold compares with a recording, or makes it.
func hold(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *record {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, string(want))
}

// compare tells the commands that differ.
func compare(t *testing.T, got, want string) {
	t.Helper()
	gots, wants := strings.Split(got, "$ supervisorctl "), strings.Split(want, "$ supervisorctl ")
	for i := range max(len(gots), len(wants)) {
		if i >= len(gots) || i >= len(wants) {
			t.Fatalf("got %d commands, the recording has %d: record it anew", len(gots), len(wants))
		}
		if gots[i] != wants[i] {
			t.Errorf("got  %s\nwant %s", gots[i], wants[i])
		}
	}
}

func TestThePromptTakesCommandsUntilTheEndOfInput(t *testing.T) {
	w := start(t, program{"sleep 1000", "3"})
	w.await("RUNNING", func() bool { text, _ := w.run("", "status"); return strings.Count(text, "RUNNING") == 2 })
	for name, input := range map[string]string{"prompt-quit": "pid nope\n\nquit\n", "prompt-end": "version\n"} {
		text, code := w.run(input)
		hold(t, name, fmt.Sprintf("%s[%d]\n", text, code))
	}
}

func TestNobodyToAsk(t *testing.T) {
	w := &world{T: t, socket: filepath.Join(t.TempDir(), "s")}
	if *record {
		w.supervisord(program{"true", "0"})
	} else {
		w.percore(program{"true", "0"})
	}
	var got strings.Builder
	for _, line := range []string{"status", "start x", "start", "stop x", "pid", "tail x", "version", "shutdown", "quit", "foo"} {
		got.WriteString(w.step(line))
	}
	hold(t, "nobody", got.String())
}
