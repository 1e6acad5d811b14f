package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// lab is the bench's workplace: a scratch folder, the compiled C programs, the CPU plan and every process started so far.
type lab struct {
	dir        string
	tools      tools
	cpus       cpuPlan
	notes      io.Writer
	workerPort int
	versions   []string
	processes  []*process
}

func newLab(notes io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp("", "percore-bench-")
	if err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	l := &lab{dir: dir, notes: notes}
	// Proxies that drop their privileges execute and write below it.
	if err = os.Chmod(dir, 0o755); err == nil {
		l.cpus, err = planCPUs()
	}
	if err == nil {
		l.tools, err = compileTools(dir)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// close ends every process, newest first, and removes the scratch folder.
func (l *lab) close() {
	for i := len(l.processes) - 1; i >= 0; i-- {
		l.processes[i].stop()
	}
	l.processes = nil
	_ = os.RemoveAll(l.dir) // a leftover in the system's temporary folder harms nobody
}

func (l *lab) note(format string, args ...any) {
	fmt.Fprintf(l.notes, format+"\n", args...)
}

// start starts a process on one CPU and remembers it for close.
func (l *lab) start(cpu int, argv, env []string) (*process, error) {
	p, err := startProcess(cpu, argv, env, l.dir)
	if err != nil {
		return nil, err
	}
	l.processes = append(l.processes, p)
	return p, nil
}

// startWorker starts the worker that nginx, HAProxy and the relay share; percore starts its own of the same program.
func (l *lab) startWorker(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	p, err := l.start(l.cpus.load, []string{l.tools.worker, "--port=" + strconv.Itoa(port), "--socket=" + l.workerSocket()}, nil)
	if err != nil {
		return err
	}
	l.workerPort = port
	if err := waitServing(ctx, p, port, "/1024"); err != nil {
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
	variants := variantsOf(append([]row{{variant: plain()}}, o.rows...))
	for _, s := range allSubjects(o) {
		if !contains(o.subjects, s.name) {
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
				l.note("SKIPPED %s: %v", s.name, err)
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
func (l *lab) join(ctx context.Context, s subject, v variant) (*runner, error) {
	if v != plain() && (len(s.only) > 0 || s.single && v.loops > 1) {
		return nil, nil
	}
	r, err := l.launch(ctx, s, v)
	if err != nil {
		return nil, err
	}
	if v == plain() {
		l.versions = append(l.versions, s.version(ctx))
	}
	l.checkHeaders(ctx, r)
	return r, nil
}

func contains(list []string, name string) bool {
	for _, s := range list {
		if s == name {
			return true
		}
	}
	return false
}
