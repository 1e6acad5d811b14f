package program

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// long is a time that is not used up, on a busy machine too.
const long = time.Minute

func start(t *testing.T, words ...string) *Process {
	t.Helper()
	p, err := Start(exec.Command(words[0], words[1:]...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestAProcessIsStoppedOrKilled(t *testing.T) {
	for _, test := range []struct {
		name, script string
		grace        time.Duration
		want         bool // it ends by itself
		code         int
	}{
		{"one that obeys", `trap "exit 3" TERM; echo up; while :; do sleep 0.01; done`, long, true, 3},
		{"one that dies of the signal", `echo up; while :; do sleep 0.01; done`, long, true, -1},
		{"one that does not obey", `trap "" TERM; echo up; while :; do sleep 0.01; done`, 50 * time.Millisecond, false, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			command := exec.Command("sh", "-c", test.script)
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			p, err := Start(command)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Kill)
			if _, err := out.Read(make([]byte, 3)); err != nil { // its trap is set
				t.Fatal(err)
			}
			if p.IsOver() || p.State() != nil || p.Code() != -1 {
				t.Errorf("got it over with %v while it runs", p.State())
			}
			if got := p.Stop(test.grace); got != test.want || !p.IsOver() || p.Code() != test.code {
				t.Errorf("got %t, %v and code %d, want %t and code %d", got, p.State(), p.Code(), test.want, test.code)
			}
			if !p.Stop(0) {
				t.Error("stopped again: got it killed, want it over already")
			}
		})
	}
}

func TestASignalToWhatHasEndedIsNoError(t *testing.T) {
	p := start(t, "true")
	<-p.Done()
	if err := p.Signal(syscall.SIGHUP); err != nil || p.Code() != 0 {
		t.Errorf("got %v and code %d, want no error and 0", err, p.Code())
	}
	if _, err := Start(exec.Command("/no/such/program")); err == nil || !strings.HasPrefix(err.Error(), "start /no/such/program: ") {
		t.Errorf("got %v, want the program named", err)
	}
}

func TestACommandCanBePID1(t *testing.T) {
	if err := PID1Obstacle(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	words := AsPID1("sh", "-c", "echo I am $$ of $HOME; exit 7")
	command := exec.Command(words[0], words[1:]...)
	var out bytes.Buffer
	command.Stdout, command.Env = &out, BareEnviron("MORE=1")
	p, err := Start(command)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if out.String() != "I am 1 of /root\n" || p.Code() != 7 {
		t.Errorf("got %q and code %d, want PID 1 and its code", out.String(), p.Code())
	}
}
