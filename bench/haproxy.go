package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// haproxySubject is HAProxy with one thread.
func haproxySubject(stock bool) subject {
	s := subject{
		name: "haproxy",
		launch: func(_ context.Context, l *lab, s setup) (launch, error) {
			return launchHAProxy(l, s, stock)
		},
		version: haproxyVersion,
		roles:   everything,
	}
	if stock {
		return asShipped(s)
	}
	return s
}

func haproxyVersion(ctx context.Context) string {
	binary, err := findBinary("haproxy", "haproxy")
	if err != nil {
		return err.Error()
	}
	return firstLine(ctx, binary, "-v")
}

func launchHAProxy(l *lab, s setup, stock bool) (launch, error) {
	binary, err := findBinary("haproxy", "haproxy")
	if err != nil {
		return launch{}, err
	}
	file := filepath.Join(l.dir, fmt.Sprintf("haproxy-%d.cfg", s.port))
	if err := os.WriteFile(file, []byte(renderHAProxy(s, stock)), 0o644); err != nil {
		return launch{}, fmt.Errorf("write haproxy configuration: %w", err)
	}
	return launch{argv: []string{binary, "-db", "-q", "-f", file}, env: peerEnv(stock)}, nil
}

// renderHAProxy is the configuration: one thread, no log, connections to the worker shared by all clients and never dropped
// for being idle. Buffers of 64 KiB instead of 16 halve the cost of a 1 MiB answer and leave small ones as they are; kernel
// splicing (option splice-auto) was tried and changed nothing.
func renderHAProxy(s setup, stock bool) string {
	buffers := "\n    tune.bufsize 65536"
	if stock {
		buffers = ""
	}
	return fmt.Sprintf(`global
    nbthread %[5]d
    maxconn 6500%[3]s
defaults
    mode http
    timeout connect 1s
    timeout client 75s
    timeout server 60s
    timeout queue %[6]s
    timeout http-keep-alive 75s
    option http-keep-alive
    http-reuse always
frontend door
    bind 127.0.0.1:%[1]d backlog 4096
    http-request set-header X-Real-IP %%[src]
    http-request set-header X-Scheme http
    http-request set-header X-Forwarded-For %%[src]
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %%[req.hdr(Host)]
    default_backend worker
backend worker
    balance %[4]s
%[2]s`, s.port, haproxyServers(s), buffers, haproxyBalance(s.discipline), s.loops, cmp.Or(s.queueWait, "60s"))
}

func haproxyServers(s setup) string {
	var b strings.Builder
	quota := ""
	if s.discipline == oneAtATime {
		quota = " maxconn 1"
	}
	for i, upstream := range s.upstreams {
		fmt.Fprintf(&b, "    server worker%d %s pool-purge-delay 60s pool-max-conn -1%s\n", i, upstream, quota)
	}
	return b.String()
}

func haproxyBalance(d discipline) string {
	if d == leastConn {
		return "leastconn"
	}
	return "roundrobin"
}
