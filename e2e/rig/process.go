package rig

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/program"
)

// Process is a program that a test has started, with all that it writes. It is stopped when the test is over, and killed when
// it does not obey.
type Process struct {
	*testing.T
	*Journal
	PID     int // that signals go to
	running *program.Process
	ended   chan struct{} // closed when it is over and the journal has all of its output
}

// Start starts a command. What it writes goes to the journal, but for a stream that the command has already.
func Start(t *testing.T, command *exec.Cmd) *Process {
	t.Helper()
	p := start(t, &Journal{}, command)
	p.PID = p.running.PID()
	t.Cleanup(func() {
		p.running.Stop(Patience)
		p.showIfFailed()
	})
	return p
}

// start does not see to the end.
func start(t *testing.T, journal *Journal, command *exec.Cmd) *Process {
	t.Helper()
	if command.Stdout == nil {
		command.Stdout = journal.Stdout()
	}
	if command.Stderr == nil {
		command.Stderr = journal.Stderr()
	}
	if command.WaitDelay == 0 {
		command.WaitDelay = time.Second // for output that something left behind holds open
	}
	running, err := program.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{T: t, Journal: journal, running: running, ended: make(chan struct{})}
	go p.takeLastWords()
	return p
}

func (p *Process) takeLastWords() {
	<-p.running.Done()
	p.end()
	close(p.ended)
}

// Await waits for a condition.
func (p *Process) Await(what string, condition func() bool) {
	p.Helper()
	Await(p.T, what, condition)
}

// AwaitWithin is Await for what may take another time than Patience.
func (p *Process) AwaitWithin(limit time.Duration, what string, condition func() bool) {
	p.Helper()
	AwaitWithin(p.T, limit, what, condition)
}

// AwaitText waits until the output has a text so many times. That the process ends before is fatal.
func (p *Process) AwaitText(text string, times int) {
	p.Helper()
	ended := false
	p.Await(text, func() bool {
		ended = p.IsOver() // before the look, so that what it wrote last counts
		return ended || strings.Count(p.Text(), text) >= times
	})
	if ended && strings.Count(p.Text(), text) < times {
		p.Fatalf("the process ended before it printed %q %d times; it printed:\n%s", text, times, p.Text())
	}
}

// Signal sends a signal. It is no fault when the process has ended.
func (p *Process) Signal(signal syscall.Signal) {
	p.Helper()
	if p.IsOver() {
		return
	}
	if err := syscall.Kill(p.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.Fatalf("send %v to %d: %v", signal, p.PID, err)
	}
}

// Stop asks the process to stop, as Docker does, and returns its exit code.
func (p *Process) Stop() int {
	p.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Wait waits for the end and returns the exit code.
func (p *Process) Wait() int {
	p.Helper()
	p.Await("the process to end", p.IsOver)
	return p.Code()
}

// IsOver reports whether the process has ended.
func (p *Process) IsOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Code is the exit code, once it is over.
func (p *Process) Code() int { return p.running.Code() }

func (p *Process) showIfFailed() {
	if p.Failed() {
		p.Log("the end of what was said:\n" + p.Tail())
	}
}
