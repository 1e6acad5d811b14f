package main

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"percore/bench/load"
	"percore/bench/subject"
	"percore/e2e/proc"
)

// memory is what a freshly started proxy keeps resident, in bytes.
type memory struct {
	conns int
	start int64 // after its first answer
	warm  int64 // after a burst of requests whose connections are closed again
	idle  int64 // with conns idle keep-alive connections, each of which got one answer
	aside int64 // percore's PID 1 at that moment
}

func (m memory) perConn() float64 { return float64(m.idle-m.warm) / float64(m.conns) }

// measureMemory uses a new instance: one that has served megabytes would hide the connections in memory it already has.
func (l *lab) measureMemory(ctx context.Context, b *board, s *runner, conns int) {
	fresh, err := l.launch(ctx, s.Subject, subject.Plain())
	if err != nil {
		l.note("FAILED %s %s: %v", s.Name, memoryPart, err)
		return
	}
	defer fresh.process.End()
	m, err := l.holdIdle(ctx, fresh, min(conns, idleLimit()))
	if err != nil {
		l.note("FAILED %s %s: %v", s.Name, memoryPart, err)
		return
	}
	b.memory[s.Name] = m
}

func (l *lab) holdIdle(ctx context.Context, s *runner, conns int) (memory, error) {
	m := memory{conns: conns}
	var err error
	if m.start, err = proc.ReadRSS(s.counted); err != nil {
		return m, err
	}
	burst := load.Spec{Port: s.port, Conns: 64, BodyBytes: 1024, CPU: l.cpus.Load, Warm: 200 * time.Millisecond}
	if _, err = l.residentDuring(ctx, s, burst); err != nil {
		return m, err
	}
	if m.warm, err = proc.ReadRSS(s.counted); err != nil {
		return m, err
	}
	if m.idle, err = l.residentDuring(ctx, s, load.Spec{Port: s.port, Conns: conns, BodyBytes: 1024, CPU: l.cpus.Load}); err != nil {
		return m, err
	}
	m.aside, err = proc.ReadRSS(s.aside)
	return m, err
}

// residentDuring reads the memory while a load generator holds its connections open and idle.
func (l *lab) residentDuring(ctx context.Context, s *runner, spec load.Spec) (int64, error) {
	g, err := load.Start(ctx, l.programs.Load, spec)
	if err != nil {
		return 0, err
	}
	rss, err := proc.ReadRSS(s.counted)
	if closeErr := g.Close(); err == nil {
		err = closeErr
	}
	return rss, err
}

// idleLimit leaves room for the relay's two descriptors per connection under the hard limit of open files.
func idleLimit() int {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil || lim.Max > 1<<20 {
		return 1 << 19
	}
	return int(lim.Max-100) / 3
}
