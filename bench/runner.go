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
)

// serveWait bounds how long a proxy may take from its start to its first answer.
const serveWait = 10 * time.Second

// runner is a subject that runs and answers.
type runner struct {
	subject
	process *process
	port    int
	counted []int // processes whose cost is the proxy's
	aside   []int
}

// launch starts a subject and waits until it answers.
func (l *lab) launch(ctx context.Context, s subject) (*runner, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	how, err := s.launch(ctx, l, port)
	if err != nil {
		return nil, err
	}
	p, err := l.start(l.cpus.proxy, how.argv, how.env)
	if err != nil {
		return nil, err
	}
	if err := waitServing(ctx, p, port); err != nil {
		p.stop()
		return nil, err
	}
	r := &runner{subject: s, process: p, port: port}
	r.counted, r.aside = s.roles(descendants(p.pid()))
	if len(r.counted) == 0 {
		p.stop()
		return nil, fmt.Errorf("sort processes of %s: none to count", s.name)
	}
	return r, nil
}

// waitServing waits until the first good answer, the end of the process, or serveWait.
func waitServing(ctx context.Context, p *process, port int) error {
	ctx, cancel := context.WithTimeout(ctx, serveWait)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := get(ctx, port, "/1024")
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
