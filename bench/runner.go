package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"percore/e2e/proc"
)

// serveWait bounds how long a proxy may take from its start to its first answer.
const serveWait = 10 * time.Second

// runner is a subject that runs and answers.
type runner struct {
	subject
	variant variant
	process *process
	port    int
	counted []int // processes whose cost is the proxy's
	aside   []int
}

// launch starts a subject in front of the lab's worker.
func (l *lab) launch(ctx context.Context, s subject, v variant) (*runner, error) {
	up := setup{variant: v, upstreams: []string{"127.0.0.1:" + strconv.Itoa(l.workerPort)}, workers: 1}
	up.worker = []string{l.tools.worker, "--port={port}", "--cpu=" + strconv.Itoa(l.cpus.load)}
	if v.unix {
		up.upstreams[0] = l.workerSocket()
		up.worker[1] = "--socket={socket}"
	}
	cpu := l.cpus.proxy
	if v.loops > 1 {
		cpu = anyCPU
	}
	return l.launchAs(ctx, s, up, cpu, "/1024")
}

// launchAs starts a subject and waits until it answers path.
func (l *lab) launchAs(ctx context.Context, s subject, up setup, cpu int, path string) (*runner, error) {
	var err error
	if up.port, err = freePort(); err != nil {
		return nil, err
	}
	how, err := s.launch(ctx, l, up)
	if err != nil {
		return nil, err
	}
	p, err := l.start(cpu, how.argv, how.env)
	if err != nil {
		return nil, err
	}
	if err := waitServing(ctx, p, up.port, path); err != nil {
		p.stop()
		return nil, err
	}
	r := &runner{subject: s, variant: up.variant, process: p, port: up.port}
	r.counted, r.aside = s.roles(proc.ReadAll(proc.Family(p.pid())))
	if len(r.counted) == 0 {
		p.stop()
		return nil, fmt.Errorf("sort processes of %s: none to count", s.name)
	}
	return r, nil
}

// waitServing waits until the first good answer, the end of the process, or serveWait.
func waitServing(ctx context.Context, p *process, port int, path string) error {
	ctx, cancel := context.WithTimeout(ctx, serveWait)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := get(ctx, port, path)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			return fmt.Errorf("wait for %s on port %d: %w", p.cmd.Path, port, err)
		case <-retry.C:
		}
	}
}

// get fetches a path on a connection of its own.
func get(ctx context.Context, port int, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(port)+path, nil)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	return string(body), nil
}

// allocated is how many objects the proxy has allocated so far; 0 when it does not tell.
func (s *runner) allocated(ctx context.Context) int64 {
	if s.mallocs == nil {
		return 0
	}
	n, err := s.mallocs(ctx, s.port)
	if err != nil {
		return 0
	}
	return n
}

// checkHeaders notes which of the headers that every proxy must add did not reach the worker: without them the comparison
// would be with less work.
func (l *lab) checkHeaders(ctx context.Context, r *runner) {
	if r.raw {
		return
	}
	head, err := get(ctx, r.port, "/echo")
	if err != nil {
		l.note("UNFAIR %s: %v", r.name, err)
		return
	}
	host := "127.0.0.1:" + strconv.Itoa(r.port)
	if missing := missingHeaders(head, host); len(missing) > 0 {
		l.note("UNFAIR %s: the worker did not see %s", r.name, strings.Join(missing, ", "))
	}
}

// missingHeaders lists the header lines that a proxy on 127.0.0.1 should have sent and has not. Names match in any case.
func missingHeaders(head, host string) []string {
	seen := map[string]string{}
	for _, line := range strings.Split(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		seen[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	var missing []string
	for _, want := range [][2]string{
		{"Host", host},
		{"X-Real-IP", "127.0.0.1"},
		{"X-Scheme", "http"},
		{"X-Forwarded-For", "127.0.0.1"},
		{"X-Forwarded-Proto", "http"},
		{"X-Forwarded-Host", host},
	} {
		if seen[strings.ToLower(want[0])] != want[1] {
			missing = append(missing, want[0]+": "+want[1])
		}
	}
	return missing
}
