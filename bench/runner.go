package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"percore/bench/machine"
	"percore/bench/subject"
	"percore/e2e/proc"
	"percore/e2e/program"
)

// serveWait bounds how long a proxy may take from its start to its first answer.
const serveWait = 30 * time.Second

// runner is a subject that runs and answers.
type runner struct {
	subject.Subject
	variant subject.Variant
	process *machine.Process
	port    int
	counted []int // processes whose cost is the proxy's
	aside   []int
}

// launch starts a subject in front of the lab's worker.
func (l *lab) launch(ctx context.Context, s subject.Subject, v subject.Variant) (*runner, error) {
	up := subject.Setup{Variant: v, Upstreams: []string{"127.0.0.1:" + strconv.Itoa(l.workerPort)}, Workers: 1, Bodies: l.bodiesOf(v)}
	up.Worker = []string{l.programs.Worker, "--port={port}", "--cpu=" + strconv.Itoa(l.cpus.Load)}
	if v.Unix {
		up.Upstreams[0] = l.workerSocket()
		up.Worker[1] = "--socket={socket}"
	}
	cpu := l.cpus.Proxy
	if v.Loops > 1 {
		cpu = machine.AnyCPU
	}
	return l.launchAs(ctx, s, up, cpu, "/1024")
}

// launchAs starts a subject and waits until it answers path.
func (l *lab) launchAs(ctx context.Context, s subject.Subject, up subject.Setup, cpu int, path string) (*runner, error) {
	ports, err := program.FreePorts(1) // the run's, to its end
	if err != nil {
		return nil, err
	}
	up.Port = ports.First
	how, err := s.Launch(ctx, subject.Place{Dir: l.dir, Relay: l.programs.Relay}, up)
	if err != nil {
		return nil, err
	}
	p, err := l.start(cpu, how.Argv, how.Env)
	if err != nil {
		return nil, err
	}
	if err := waitServing(ctx, p, up.Port, path); err != nil {
		p.End()
		return nil, err
	}
	r := &runner{Subject: s, variant: up.Variant, process: p, port: up.Port}
	r.counted, r.aside = s.Roles(proc.ReadAll(proc.Family(p.PID())))
	if len(r.counted) == 0 {
		p.End()
		return nil, fmt.Errorf("sort processes of %s: none to count", s.Name)
	}
	return r, nil
}

// waitServing waits until the first good answer, the end of the process, or serveWait.
func waitServing(ctx context.Context, p *machine.Process, port int, path string) error {
	ctx, cancel := context.WithTimeout(ctx, serveWait)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := subject.Get(ctx, port, path)
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return p.Ended()
		case <-ctx.Done():
			return fmt.Errorf("wait for %s on port %d: %w", p.Command.Path, port, err)
		case <-retry.C:
		}
	}
}

// allocated is how many objects the proxy has allocated so far; 0 when it does not tell.
func (s *runner) allocated(ctx context.Context) int64 {
	if s.Mallocs == nil {
		return 0
	}
	n, err := s.Mallocs(ctx, s.port)
	if err != nil {
		return 0
	}
	return n
}

// checkHeaders notes which of the headers that every proxy must add did not reach the worker: without them the comparison
// would be with less work.
func (l *lab) checkHeaders(ctx context.Context, r *runner) {
	if r.Raw {
		return
	}
	head, err := subject.Get(ctx, r.port, "/echo")
	if err != nil {
		l.note("UNFAIR %s: %v", r.Name, err)
		return
	}
	host := "127.0.0.1:" + strconv.Itoa(r.port)
	if missing := subject.MissingHeaders(head, host); len(missing) > 0 {
		l.note("UNFAIR %s: the worker did not see %s", r.Name, strings.Join(missing, ", "))
	}
}
