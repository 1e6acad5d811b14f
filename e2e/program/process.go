package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is a program that was started. Its goroutine is the only one to wait for it.
type Process struct {
	Command *exec.Cmd
	done    chan struct{}
}

// Start starts a command. That it was started says nothing of its exec: its command line and its file may be those of
// the caller for a moment.
func Start(command *exec.Cmd) (*Process, error) {
	p := &Process{Command: command, done: make(chan struct{})}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Args[0], err)
	}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	_ = p.Command.Wait() // the state tells more
	close(p.done)
}

// PID is the process's id as seen from here.
func (p *Process) PID() int { return p.Command.Process.Pid }

// Done is closed when the process has ended and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// IsOver reports whether the process has ended.
func (p *Process) IsOver() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// State says how the process ended; nil while it runs.
func (p *Process) State() *os.ProcessState {
	if !p.IsOver() {
		return nil
	}
	return p.Command.ProcessState
}

// Code is the exit code of a process that has ended; -1 when a signal ended it, or nothing has yet.
func (p *Process) Code() int { return p.State().ExitCode() }

// Signal sends a signal. It is no error when the process has ended.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.Command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %v to %s: %w", signal, p.Command.Args[0], err)
	}
	return nil
}

// Stop asks the process to end and kills it when it has not after a time. It reports whether it ended by itself, and may be
// called again.
func (p *Process) Stop(grace time.Duration) bool {
	if p.IsOver() {
		return true
	}
	_ = p.Signal(syscall.SIGTERM) // what ended meanwhile is awaited as well
	select {
	case <-p.done:
		return true
	case <-time.After(grace):
		p.Kill()
		return false
	}
}

// Kill ends the process and waits for its end.
func (p *Process) Kill() {
	_ = p.Command.Process.Kill() // gone is as good
	<-p.done
}
