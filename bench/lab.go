package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"percore/bench/machine"
	"percore/bench/native"
	"percore/bench/subject"
	"percore/e2e/program"
)

// lab is the bench's workplace: a scratch folder, the compiled C programs, the CPU plan and every process started so far.
type lab struct {
	dir        string
	programs   native.Programs
	cpus       machine.CPUs
	notes      io.Writer
	workerPort int
	versions   []string
	processes  []*machine.Process
}

func newLab(notes io.Writer) (*lab, error) {
	dir, err := program.Folder("", "percore-bench-") // proxies that drop their privileges execute and write below it
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, notes: notes}
	if l.cpus, err = machine.PlanCPUs(); err == nil {
		l.programs, err = native.Compile(dir)
	}
	if err == nil {
		err = l.makeBodies()
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// bodies is where percore holds them, on the file system that nginx's folders are on too.
func (l *lab) bodies() string { return filepath.Join(l.dir, "held") }

// bodiesOf is that folder for a variant that holds them, and none for another.
func (l *lab) bodiesOf(v subject.Variant) string {
	if !v.Holds {
		return ""
	}
	return l.bodies()
}

// makeBodies makes that folder, for front doors that drop their privileges.
func (l *lab) makeBodies() error {
	if err := os.Mkdir(l.bodies(), 0o700); err != nil {
		return fmt.Errorf("make folder of bodies: %w", err)
	}
	if err := os.Chmod(l.bodies(), 0o777|os.ModeSticky); err != nil {
		return fmt.Errorf("open folder of bodies: %w", err)
	}
	return nil
}

// close ends every process, newest first, and removes the scratch folder.
func (l *lab) close() {
	for i := len(l.processes) - 1; i >= 0; i-- {
		l.processes[i].End()
	}
	l.processes = nil
	_ = os.RemoveAll(l.dir) // a leftover in the system's temporary folder harms nobody
}

func (l *lab) note(format string, args ...any) {
	fmt.Fprintf(l.notes, format+"\n", args...)
}

// start starts a process on one CPU and remembers it for close.
func (l *lab) start(cpu int, argv, env []string) (*machine.Process, error) {
	p, err := machine.Start(cpu, argv, env, l.dir)
	if err != nil {
		return nil, err
	}
	l.processes = append(l.processes, p)
	return p, nil
}

// startWorker starts the worker that nginx, HAProxy and the relay share; percore starts its own of the same program.
func (l *lab) startWorker(ctx context.Context) error {
	ports, err := program.FreePorts(1) // the run's, to its end
	if err != nil {
		return err
	}
	l.workerPort = ports.First
	p, err := l.start(l.cpus.Load, []string{l.programs.Worker, "--port=" + strconv.Itoa(l.workerPort), "--socket=" + l.workerSocket()}, nil)
	if err != nil {
		return err
	}
	if err := waitServing(ctx, p, l.workerPort, "/1024"); err != nil {
		return err
	}
	if err := os.Chmod(l.workerSocket(), 0o777); err != nil { // for proxies that drop their privileges
		return fmt.Errorf("open worker socket: %w", err)
	}
	return nil
}

func (l *lab) workerSocket() string { return filepath.Join(l.dir, "worker.sock") }

// assemble starts every wanted subject in every variant that the rows need. One that is not installed or does not start is
// skipped, and says so.
func (l *lab) assemble(ctx context.Context, o options) ([]*runner, error) {
	var field []*runner
	variants := variantsOf(append([]row{{Variant: subject.Plain()}}, o.rows...))
	for _, s := range subject.All(o.percore) {
		if !slices.Contains(o.subjects, s.Name) {
			continue
		}
		for _, v := range variants {
			r, err := l.join(ctx, s, v)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if r == nil && err == nil {
				continue
			}
			if err != nil {
				l.note("SKIPPED %s: %v", s.Name, err)
				continue
			}
			field = append(field, r)
		}
	}
	if len(field) == 0 {
		return nil, errors.New("assemble subjects: none could be started")
	}
	return field, nil
}

// join starts one subject in one variant; nil when it has no such variant.
func (l *lab) join(ctx context.Context, s subject.Subject, v subject.Variant) (*runner, error) {
	if v != subject.Plain() && (len(s.Only) > 0 || s.Single && v.Loops > 1 || v.Holds && !s.Holds) {
		return nil, nil
	}
	r, err := l.launch(ctx, s, v)
	if err != nil {
		return nil, err
	}
	if v == subject.Plain() {
		l.versions = append(l.versions, s.Version(ctx))
	}
	l.checkHeaders(ctx, r)
	return r, nil
}
