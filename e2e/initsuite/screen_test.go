package initsuite

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"percore/e2e/proc"
)

var terminalScenarios = []scenario{
	{part: "Terminal", name: "the child leads the foreground group", run: leadsForeground},
	{part: "Terminal", name: "Ctrl-C reaches the child, once", run: key("\x03", syscall.SIGINT)},
	{part: "Terminal", name: "Ctrl-\\ reaches the child, once", run: key("\x1c", syscall.SIGQUIT)},
	{part: "Terminal", name: "Ctrl-Z reaches the child, once", run: key("\x1a", syscall.SIGTSTP)},
	{part: "Terminal", name: "WINCH reaches the child, once", run: resized},
	{part: "Terminal", name: "Ctrl-Z without a shell above leaves no process stopped for good", run: neverStuck},
	{part: "Terminal", name: "CONT from outside wakes a stopped child", run: wakes},
	{part: "Terminal", name: "the child reads what is typed", run: reads},
	{part: "Terminal", name: "the init's own messages never stop it under tostop", needs: []feature{verbose}, run: survivesToStop},
	{part: "Terminal", name: "without a terminal nothing fails and nothing is said", run: noTerminal},
	{part: "Terminal", name: "a terminal of another session does no harm", run: foreignTerminal},
	{part: "Terminal", name: "an init under the init: codes, signals and terminal", run: nested},
}

// onTerminal starts a probe as the only user of a new terminal and waits for its "ready".
func (r *trial) onTerminal(command []string, with ...feature) (*running, *terminal) {
	r.Helper()
	term := newTerminal(r.T)
	run := r.start(launch{command: command, terminal: term, with: with})
	term.must(r.T, "ready")
	return run, term
}

func leadsForeground(r *trial) verdict {
	run, term := r.onTerminal(r.probe("record"))
	all := proc.Children(run.pid)
	if len(all) != 1 {
		r.Fatalf("children of the init: got %v, want one", all)
	}
	return judge(term.foreground() == all[0], "the foreground group is not the child's")
}

// counted waits until the child has received sig, and a little longer for one too many.
func counted(term *terminal, sig syscall.Signal) verdict {
	line := fmt.Sprintf("signal main %d\r\n", sig)
	if !term.expect(line, soon(time.Second)) {
		return broken("never")
	}
	return judge(!term.expect(line, 100*time.Millisecond), "twice")
}

func key(keys string, sig syscall.Signal) func(*trial) verdict {
	return func(r *trial) verdict {
		_, term := r.onTerminal(r.probe("record"))
		term.send(keys)
		return counted(term, sig)
	}
}

func resized(r *trial) verdict {
	_, term := r.onTerminal(r.probe("record"))
	term.resize(r.T, 40, 100)
	return counted(term, syscall.SIGWINCH)
}

// child is the init's only one.
func (run *running) child() int {
	run.t.Helper()
	all := proc.Children(run.pid)
	if len(all) != 1 {
		run.t.Fatalf("children of the init: got %v, want one", all)
	}
	return all[0]
}

// neverStuck is about a child that nobody could continue: had it no init, it would be PID 1 and the kernel
// would not stop it at all.
func neverStuck(r *trial) verdict {
	run, term := r.onTerminal(r.probe("idle"))
	term.send("\x1a")
	term.must(r.T, "^Z")
	time.Sleep(200 * time.Millisecond)
	return judge(within(soon(time.Second), func() bool { return proc.State(run.child()) == "S" }), "the child stays stopped")
}

func wakes(r *trial) verdict {
	run, _ := r.onTerminal(r.probe("idle"))
	child := run.child()
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		r.Fatal(err)
	}
	until(r.T, "the child is stopped", func() bool { return proc.State(child) == "T" })
	run.signal(syscall.SIGCONT)
	return judge(within(soon(time.Second), func() bool { return proc.State(child) == "S" }), "it stays stopped")
}

func reads(r *trial) verdict {
	run, term := r.onTerminal(r.probe("readline"))
	term.send("a line\r")
	if !term.expect("got a line", soon(time.Second)) {
		return broken("%q", term.String())
	}
	code, ended := run.wait(patience)
	return judge(ended && code == 0, "code %d", code)
}

// survivesToStop lets a background init write: its group is not the foreground one, so the kernel would stop it.
func survivesToStop(r *trial) verdict {
	run, term := r.onTerminal(r.probe("idle"), verbose)
	term.setToStop(r.T)
	for range 5 {
		run.signal(syscall.SIGCONT)
	}
	time.Sleep(50 * time.Millisecond)
	run.signal(syscall.SIGTERM)
	code, ended := run.wait(soon(2 * time.Second))
	return judge(ended && code == 143, "ended %v, code %d, state %s", ended, code, proc.State(run.pid))
}

func noTerminal(r *trial) verdict {
	run := r.start(launch{command: r.probe("exit", 7)})
	code, _ := run.wait(patience)
	<-run.stderr.done
	said := strings.TrimSpace(run.stderr.String())
	return judge(code == 7 && said == "", "code %d, said %q", code, said)
}

// foreignTerminal gives the init a terminal as standard input that is not its session's.
func foreignTerminal(r *trial) verdict {
	slave := newTerminal(r.T).open(r.T)
	defer slave.Close()
	run := r.start(launch{command: r.probe("exit", 7), stdin: slave})
	code, _ := run.wait(patience)
	<-run.stderr.done
	said := strings.TrimSpace(run.stderr.String())
	return judge(code == 7 && said == "", "code %d, said %q", code, said)
}

func nested(r *trial) verdict {
	if code := r.code(launch{command: r.init.argv(nil, r.probe("exit", 42))}); code != 42 {
		return broken("code %d", code)
	}
	run, term := r.onTerminal(r.init.argv(nil, r.probe("record")))
	inner := run.child()
	if all := proc.Children(inner); len(all) != 1 || term.foreground() != all[0] {
		return broken("the foreground group is not the child's")
	}
	run.signal(syscall.SIGUSR1)
	if v := counted(term, syscall.SIGUSR1); v.answer != yes {
		return v
	}
	term.send("\x03")
	return counted(term, syscall.SIGINT)
}

// open opens a file for writing.
func (r *trial) open(path string) *os.File {
	r.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { f.Close() })
	return f
}
