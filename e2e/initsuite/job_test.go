package initsuite

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"percore/e2e/proc"
)

var jobScenarios = []scenario{
	{part: "Jobs", name: "Ctrl-Z under a shell stops the job, fg goes on, Ctrl-C ends it with 130", run: stopAndGoOn},
	{part: "Jobs", name: "a second Ctrl-Z works as the first", run: stopTwice},
	{part: "Jobs", name: "started with & it leaves the terminal to the shell", run: staysInBackground},
	{part: "Jobs", name: "a background read stops the job, fg goes on", run: backgroundRead},
	{part: "Jobs", name: "a background write under tostop stops the job, fg goes on", run: backgroundWrite},
	{part: "Jobs", name: "a script goes on reading the terminal after the child's end", run: scriptReadsOn},
	{part: "Jobs", name: "a script goes on reading the terminal after a command that could not be run", run: scriptReadsOnAfterFailure},
	{part: "Jobs", name: "modes that a killed child left behind are put back", run: killedRaw},
	{part: "Jobs", name: "modes that a child sets and leaves by exiting stay", run: setsModes},
	{part: "Jobs", name: "bash under PID 1 has job control", run: bashUnderInit},
}

// shell is an interactive bash on a terminal, as PID 1 of the scenario's namespace.
type shell struct {
	*terminal
	r   *trial
	run *running
}

// prompt is never typed, so its echo cannot be mistaken for it.
const prompt = "prompt$ "

func (r *trial) shell(command []string, without bool) *shell {
	r.Helper()
	term := newTerminal(r.T)
	run := r.start(launch{
		command: command, without: without, terminal: term,
		environ: []string{"PS1=" + prompt, "TERM=dumb", "HISTFILE=", "PATH=" + os.Getenv("PATH")},
	})
	return &shell{terminal: term, r: r, run: run}
}

func (r *trial) bash() *shell {
	r.Helper()
	s := r.shell([]string{"bash", "--norc", "--noprofile", "--noediting", "-i"}, true)
	s.must(r.T, prompt)
	return s
}

// under is the init with a probe under it, as it is typed.
func (s *shell) under(words ...any) string {
	return quoted(s.r.init.argv(nil, s.r.probe(words...)))
}

func quoted(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}

// back waits for the prompt, and for the shell to lead the foreground again.
func (s *shell) back(limit time.Duration) bool {
	return s.expect(prompt, limit) && within(limit, func() bool { return s.foreground() == s.run.pid })
}

func (s *shell) stoppedOnce() verdict {
	s.send("\x1a")
	if !s.expect("Stopped", soon(2*time.Second)) || !s.back(soon(2*time.Second)) {
		return broken("the shell is not told")
	}
	s.send("fg\n")
	ok := within(soon(2*time.Second), func() bool { return s.foreground() > 0 && s.foreground() != s.run.pid && s.running() })
	return judge(ok, "fg does not wake it")
}

// running says that no process below the shell is stopped.
func (s *shell) running() bool {
	for _, init := range proc.Children(s.run.pid) {
		for _, pid := range append(proc.Children(init), init) {
			if proc.State(pid) == "T" {
				return false
			}
		}
	}
	return true
}

// awaitStop waits for an init below the shell to be stopped, as its child is; whether the shell knows is asked of it.
func (s *shell) awaitStop() {
	within(soon(100*time.Millisecond), func() bool {
		return slices.ContainsFunc(proc.Children(s.run.pid), func(pid int) bool { return proc.State(pid) == "T" })
	})
}

func stopAndGoOn(r *trial) verdict {
	s := r.bash()
	s.send(s.under("idle") + "\n")
	s.must(r.T, "ready")
	if v := s.stoppedOnce(); v.answer != yes {
		return v
	}
	s.send("\x03")
	if !s.back(soon(2 * time.Second)) {
		return broken("Ctrl-C does not end it")
	}
	s.send("echo code=$?\n")
	return judge(s.expect("code=130", soon(time.Second)), "another code")
}

func stopTwice(r *trial) verdict {
	s := r.bash()
	s.send(s.under("idle") + "\n")
	s.must(r.T, "ready")
	for range 2 {
		if v := s.stoppedOnce(); v.answer != yes {
			return v
		}
	}
	return kept()
}

func staysInBackground(r *trial) verdict {
	s := r.bash()
	s.send(s.under("idle") + " &\n")
	s.must(r.T, "ready")
	time.Sleep(50 * time.Millisecond)
	if s.foreground() != s.run.pid {
		return broken("it takes the foreground")
	}
	s.send("echo al''ive\n")
	return judge(s.expect("alive", soon(time.Second)), "the shell is stopped")
}

func backgroundRead(r *trial) verdict {
	s := r.bash()
	s.send(s.under("readline") + " &\n")
	s.must(r.T, "ready")
	s.awaitStop()
	s.send("jobs\n")
	if !s.expect("Stopped", soon(time.Second)) {
		return broken("it is not stopped")
	}
	s.send("fg\n")
	if !within(soon(2*time.Second), func() bool { return s.foreground() != s.run.pid && s.running() }) {
		return broken("fg does not wake it")
	}
	s.send("a line\n")
	return judge(s.expect("got a line", soon(time.Second)), "it does not read")
}

func backgroundWrite(r *trial) verdict {
	s := r.bash()
	s.send("stty tostop\n")
	s.must(r.T, prompt)
	s.send(quoted(r.init.argv(nil, []string{"echo", "from behind"})) + " &\n")
	s.must(r.T, prompt)
	s.awaitStop()
	s.send("jobs\n")
	if !s.expect("Stopped", soon(time.Second)) {
		return broken("it is not stopped")
	}
	s.send("fg\n")
	return judge(s.expect("\nfrom behind", soon(2*time.Second)), "fg does not wake it")
}

// scriptReadsOn uses a shell without job control, which never takes the terminal back by itself.
func scriptReadsOn(r *trial) verdict { return r.scriptReadsAfter(r.probe("exit", 0)) }

func scriptReadsOnAfterFailure(r *trial) verdict {
	return r.scriptReadsAfter([]string{"/nowhere/program"})
}

func (r *trial) scriptReadsAfter(command []string) verdict {
	script := quoted(r.init.argv(nil, command)) + "; echo rea''dy; read x && echo got=$x"
	s := r.shell([]string{"sh", "-c", script}, true)
	s.must(r.T, "ready")
	s.send("a line\n")
	return judge(s.expect("got=a line", soon(time.Second)), "the terminal stays with the dead child's group")
}

func killedRaw(r *trial) verdict {
	run, term := r.onTerminal(r.probe("raw"))
	if term.echoes() {
		r.Fatal("the terminal echoes: got true, want a raw one")
	}
	run.signal(syscall.SIGTERM)
	if code, _ := run.wait(soon(2 * time.Second)); code != 143 {
		return broken("code %d", code)
	}
	return judge(term.echoes(), "echo stays off")
}

func setsModes(r *trial) verdict {
	run, term := r.onTerminal(r.probe("raw", "leave"))
	run.wait(soon(2 * time.Second))
	return judge(!term.echoes(), "they are undone")
}

func bashUnderInit(r *trial) verdict {
	s := r.shell([]string{"bash", "--norc", "--noprofile", "--noediting", "-i"}, false)
	if !s.expect(prompt, soon(2*time.Second)) {
		return broken("no prompt")
	}
	if strings.Contains(s.String(), "no job control") {
		return broken("no job control")
	}
	home := s.foreground()
	awaitJob := func() { within(soon(100*time.Millisecond), func() bool { return s.foreground() != home }) }
	s.send("sleep 100\n")
	awaitJob()
	s.send("\x1a")
	if !s.expect("Stopped", soon(2*time.Second)) {
		return broken("Ctrl-Z does not stop its job")
	}
	within(soon(100*time.Millisecond), func() bool { return s.foreground() == home })
	s.send("fg\n")
	awaitJob()
	s.send("\x03")
	s.send("exit 9\n")
	code, ended := s.run.wait(soon(2 * time.Second))
	return judge(ended && code == 9, "ended %v, code %d", ended, code)
}
