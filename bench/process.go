package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"percore/e2e/proc"
)

// stopWait is how long a process has between SIGTERM and SIGKILL; percore's own budget in the bench is shorter.
const stopWait = 5 * time.Second

// process is one started program together with whatever it starts.
type process struct {
	cmd    *exec.Cmd
	stderr *tail // read only after done is closed
	done   chan struct{}
}

// startProcess starts argv on one CPU, or on all with anyCPU, in its own process group so that a Ctrl-C reaches the bench alone.
func startProcess(cpu int, argv, env []string, dir string) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), stderr: &tail{max: 2048}, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Dir = dir
	p.cmd.Stderr = p.stderr
	p.cmd.WaitDelay = time.Second // a grandchild may hold the pipe
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := onCPU(cpu, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go p.wait()
	return p, nil
}

func (p *process) wait() {
	_ = p.cmd.Wait() // how it ended is told by ended
	close(p.done)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ended is nil while the process runs; afterwards it says how it ended and what it last said.
func (p *process) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("run %s: %s: %s", p.cmd.Path, p.cmd.ProcessState, p.stderr.text())
	default:
		return nil
	}
}

// stop asks, waits, and kills whatever is left of the process and its descendants. It may be called twice.
func (p *process) stop() {
	family := proc.ReadAll(proc.Family(p.pid()))
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have left already
	select {
	case <-p.done:
	case <-time.After(stopWait):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	for _, member := range family {
		if member.Lives() {
			_ = syscall.Kill(member.PID, syscall.SIGKILL) // gone in between is as good
		}
	}
}
