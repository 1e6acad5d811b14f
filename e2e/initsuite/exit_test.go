package initsuite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var exitScenarios = []scenario{
	{part: "Exit", name: "the child's codes 0 to 255 are passed on", run: everyCode},
	{part: "Exit", name: "128+n for a child ended by signal n", run: everyDeath},
	{part: "Exit", name: "128+n for real-time signals", run: everyRealTimeDeath},
	{part: "Exit", name: "127 for a command that is not found", run: notFound},
	{part: "Exit", name: "126 for a command that may not be executed", run: notExecutable},
	{part: "Exit", name: "the command that could not be run is named on stderr", run: namesCommand},
	{part: "Exit", name: "a script without #! is run by the shell", run: shellFallback},
	{part: "Exit", name: "a program that is just being written is tried again", run: beingWritten},
	{part: "Exit", name: "an exec that fails for want of memory is tried again, then 126 and a clear line", run: shortage(
		fmt.Sprintf("deny=%d,%d", syscall.SYS_EXECVE, syscall.ENOMEM), "cannot allocate memory")},
	{part: "Exit", name: "a fork that fails for want of processes is tried again, then 126 and a clear line", run: shortage(
		fmt.Sprintf("nofork=%d", syscall.EAGAIN), "resource temporarily unavailable")},
	{part: "Exit", name: "143 can be made 0", needs: []feature{remap143}, run: remapsOne},
	{part: "Exit", name: "any code can be made any other", needs: []feature{remapAny}, run: remapsAny},
	{part: "Exit", name: "the code is right when 100 others end at the same moment", run: codeInACrowd},
	{part: "Exit", name: "the code is right where CHLD was inherited as ignored", run: codeWhereChildrenAreIgnored},
}

// codes counts the commands that end as wanted. It returns what the first other one did.
func (r *trial) codes(commands map[int][]string) (good int, first string) {
	for want, command := range commands {
		if got := r.code(launch{command: command}); got == want {
			good++
		} else if first == "" {
			first = fmt.Sprintf("%s gave %d, not %d", strings.Join(command[1:], " "), got, want)
		}
	}
	return good, first
}

// everyCode starts the init below another PID 1: that is all the same to exit codes, and ten times as fast.
func everyCode(r *trial) verdict {
	good, first := 0, ""
	for code := range 256 {
		argv := r.init.argv(nil, r.probe("exit", code))
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		cmd.Run() //nolint:errcheck // the code is all that counts
		if got := cmd.ProcessState.ExitCode(); got == code {
			good++
		} else if first == "" {
			first = fmt.Sprintf("%d for %d", got, code)
		}
	}
	return count(good, 256, first)
}

func everyDeath(r *trial) verdict {
	commands := make(map[int][]string)
	for sig := syscall.Signal(1); sig < 32; sig++ {
		switch sig {
		case syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGURG, syscall.SIGWINCH: // end nobody
		case syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU: // stop
		default:
			commands[128+int(sig)] = r.probe("die", int(sig))
		}
	}
	good, first := r.codes(commands)
	return count(good, len(commands), first)
}

func everyRealTimeDeath(r *trial) verdict {
	commands := make(map[int][]string)
	for sig := 34; sig <= 64; sig++ {
		commands[128+sig] = r.probe("die", sig)
	}
	good, first := r.codes(commands)
	return count(good, len(commands), first)
}

// file makes an executable file, or one of another mode.
func (r *trial) file(name, text string, mode os.FileMode) string {
	r.Helper()
	path := filepath.Join(r.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		r.Fatal(err)
	}
	return path
}

func notFound(r *trial) verdict {
	commands := [][]string{{"/nowhere/program"}, {"no-such-program"}, {r.file("script", "#!/nowhere/interpreter\n", 0o755)}}
	for _, command := range commands {
		if got := r.code(launch{command: command}); got != 127 {
			return broken("%d", got)
		}
	}
	return kept()
}

func notExecutable(r *trial) verdict {
	plain := r.file("plain", "#!/bin/sh\n", 0o644)
	for _, l := range []launch{
		{command: []string{plain}},
		{command: []string{filepath.Dir(plain)}},
		{command: []string{"plain"}, environ: []string{"PATH=" + filepath.Dir(plain)}},
	} {
		if got := r.code(l); got != 126 {
			return broken("%d", got)
		}
	}
	return kept()
}

func namesCommand(r *trial) verdict {
	run := r.start(launch{command: []string{"no-such-program"}})
	run.wait(patience)
	<-run.stderr.done
	text := run.stderr.String()
	return judge(strings.Contains(text, "no-such-program"), "only %q", strings.TrimSpace(text))
}

func shellFallback(r *trial) verdict {
	got := r.code(launch{command: []string{r.file("script", "exit $(($1 + 1))\n", 0o755), "41"}})
	return judge(got == 42, "%d", got)
}

// beingWritten keeps a program open for writing for a moment: the kernel answers ETXTBSY (man 2 execve).
func beingWritten(r *trial) verdict { return r.startsBusy(nil) }

func (r *trial) startsBusy(stderr *os.File) verdict {
	image, err := os.ReadFile(r.probe()[0])
	if err != nil {
		r.Fatal(err)
	}
	program := r.file("program", string(image), 0o755)
	writer := r.open(program)
	run := r.start(launch{command: []string{program, "exit", "42"}, stderr: stderr})
	time.Sleep(200 * time.Millisecond)
	writer.Close()
	code, _ := run.wait(soon(5 * time.Second))
	return judge(code == 42, "code %d", code)
}

// shortage has the kernel refuse what a start needs, by an option of the stage.
func shortage(option, reason string) func(*trial) verdict {
	return func(r *trial) verdict {
		run := r.start(launch{command: r.probe("exit", 42), stage: []string{option}})
		code, ended := run.wait(patience)
		if !ended {
			return broken("it never ends")
		}
		<-run.stderr.done
		said := strings.TrimSpace(run.stderr.String())
		ok := code == 126 && strings.Contains(strings.ToLower(said), reason) && run.took() > time.Second
		return judge(ok, "code %d after %v, said %q", code, run.took().Round(time.Millisecond), said)
	}
}

func remapsOne(r *trial) verdict {
	for command, want := range map[string]int{"exit 143": 0, "die 15": 0, "exit 3": 3} {
		words := strings.Fields(command)
		got := r.code(launch{command: r.probe(words[0], words[1]), with: []feature{remap143}})
		if got != want {
			return broken("%s gave %d", command, got)
		}
	}
	return kept()
}

func remapsAny(r *trial) verdict {
	got := r.code(launch{command: r.probe("exit", 3), with: []feature{remapAny}})
	return judge(got == 4, "%d", got)
}

func codeInACrowd(r *trial) verdict {
	good, rounds := 0, 10
	if r.full {
		rounds = 40
	}
	for i := range rounds {
		if got := r.code(launch{command: r.probe("together", 100+i, 100)}); got == 100+i {
			good++
		}
	}
	return count(good, rounds, "")
}

// codeWhereChildrenAreIgnored: with CHLD ignored the kernel tells nobody of a child's end (man 2 wait, NOTES).
func codeWhereChildrenAreIgnored(r *trial) verdict {
	run := r.start(launch{command: r.probe("exit", 42), stage: []string{fmt.Sprintf("ignore=%d", syscall.SIGCHLD)}})
	code, ended := run.wait(soon(2 * time.Second))
	if !ended {
		return broken("it never ends")
	}
	return judge(code == 42, "code %d", code)
}
