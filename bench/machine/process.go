package machine

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"percore/e2e/proc"
	"percore/e2e/program"
)

// stopWait is how long a process has between SIGTERM and SIGKILL; percore's own budget in the bench is shorter.
const stopWait = 5 * time.Second

// Process is one started program together with whatever it starts.
type Process struct {
	*program.Process
	stderr *Tail // read only after its end
}

// Start starts argv on one CPU, or on all with AnyCPU, in its own process group so that a Ctrl-C reaches the bench alone.
func Start(cpu int, argv, env []string, dir string) (*Process, error) {
	p := &Process{stderr: &Tail{Max: 2048}}
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), env...)
	command.Dir = dir
	command.Stderr = p.stderr
	command.WaitDelay = time.Second // a grandchild may hold the pipe
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := OnCPU(cpu, func() (err error) {
		p.Process, err = program.Start(command)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Ended is nil while the process runs; afterwards it says how it ended and what it last said.
func (p *Process) Ended() error {
	if !p.IsOver() {
		return nil
	}
	return fmt.Errorf("run %s: %s: %s", p.Command.Path, p.State(), p.stderr.Text())
}

// End asks, waits, and kills whatever is left of the process and its descendants. It may be called twice.
func (p *Process) End() {
	family := proc.ReadAll(proc.Family(p.PID()))
	p.Stop(stopWait)
	for _, member := range family {
		if member.Lives() {
			_ = syscall.Kill(member.PID, syscall.SIGKILL) // gone in between is as good
		}
	}
}
