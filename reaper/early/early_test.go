package early_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"percore/reaper/early"
)

// TestMain is also the child that writes to a stdout that is not read.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "child:writer" {
		early.Signals() // as main does first
		for range 3 {
			os.Stdout.WriteString("is anybody there?\n")
		}
		os.Stderr.WriteString("still alive")
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "child:finish" {
		finished()
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "init" {
		released()
		return
	}
	os.Exit(m.Run())
}

// released is a process that the entry took for mode init, and that is not.
func released() {
	before := early.Signals()
	if os.Args[2] == "earlier" {
		sendHUP()
	}
	signals := early.Release()
	early.SubscribeRest()
	switch os.Args[2] {
	case "later":
		sendHUP()
	case "rest":
		for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU} {
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				os.Stdout.WriteString(err.Error())
			}
			os.Stdout.WriteString((<-signals).String() + ", ")
		}
		sendHUP()
	}
	select {
	case sig := <-signals:
		os.Stdout.WriteString(sig.String())
	case <-time.After(10 * time.Second):
		os.Stdout.WriteString("nothing")
	}
	if before != nil && before != signals {
		os.Stdout.WriteString(", and two channels")
	}
}

func sendHUP() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		os.Stdout.WriteString(err.Error())
	}
}

// finished gives in one go what came while nothing was read.
func finished() {
	signals := early.Signals()
	sendHUP()
	// Which thread gets it is the kernel's choice, and after Finish it would end this process, which catches it in no
	// other way.
	for deadline := time.Now().Add(10 * time.Second); len(signals) == 0 && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	rest := early.Finish()
	os.Stdout.WriteString(fmt.Sprint(rest, early.Finish()))
}

func TestSignalsThatWereCaughtForModeInitCanBeReleased(t *testing.T) {
	for word, want := range map[string]string{
		"earlier": "hangup", "later": "hangup",
		"rest": "user defined signal 1, user defined signal 2, stopped (tty input), stopped (tty output), hangup",
	} {
		out, err := exec.Command("/proc/self/exe", "init", word).Output()
		if got := string(out); got != want || err != nil {
			t.Errorf("HUP %s than Release: got %q and %v, want %q", word, got, err, want)
		}
	}
}

func TestFinishGivesWhatHasNotBeenRead(t *testing.T) {
	out, err := exec.Command("/proc/self/exe", "child:finish").Output()
	if got, want := string(out), "[hangup] []"; got != want || err != nil {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

func TestReleaseIsSignalsInAnyOtherProcess(t *testing.T) {
	if early.Release() != early.Signals() {
		t.Error("Release: got another channel than Signals, want the same")
	}
}

func TestSignalsSentBeforeAnybodyListensAreKept(t *testing.T) {
	signals := early.Signals() // from here on none is lost
	sent := []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT}
	for _, sig := range sent {
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
	}
	missing := make(map[os.Signal]bool)
	for _, sig := range sent {
		missing[sig] = true
	}
	for len(missing) > 0 {
		select {
		case sig := <-signals:
			delete(missing, sig)
		case <-time.After(10 * time.Second):
			t.Fatalf("signals that never arrived: got %v, want none", missing)
		}
	}
}

func TestPipeAndUrgentSignalsNeverArrive(t *testing.T) {
	early.SubscribeRest()
	for _, sig := range []syscall.Signal{syscall.SIGPIPE, syscall.SIGURG, syscall.SIGCHLD, syscall.SIGUSR2} {
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
	}
	// USR2 was sent last and os/signal delivers in no promised order, so whatever else comes must come soon.
	deadline := time.After(200 * time.Millisecond)
	for {
		select {
		case sig := <-early.Signals():
			if sig != syscall.SIGUSR2 {
				t.Errorf("got %v, want only %v", sig, syscall.SIGUSR2)
			}
		case <-deadline:
			return
		}
	}
}

func TestABrokenStdoutDoesNotKill(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	cmd := exec.Command("/proc/self/exe", "child:writer")
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &stderr
	err = cmd.Run()
	writer.Close()
	if err != nil || stderr.String() != "still alive" {
		t.Errorf("a writer without a reader: got %q, error %v; want %q and success", stderr.String(), err, "still alive")
	}
}
