package subject

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// HAProxy is HAProxy with one thread.
func HAProxy(stock bool) Subject { return peer("haproxy", stock, configureHAProxy) }

func configureHAProxy(in Place, s Setup, stock bool) (args []string, err error) {
	file := filepath.Join(in.Dir, fmt.Sprintf("haproxy-%d.cfg", s.Port))
	if err := os.WriteFile(file, []byte(renderHAProxy(s, stock)), 0o644); err != nil {
		return nil, fmt.Errorf("write haproxy configuration: %w", err)
	}
	return []string{"-db", "-q", "-f", file}, nil
}

// renderHAProxy is the configuration: one thread, no log, connections to the worker shared by all clients and never dropped
// for being idle. Buffers of 64 KiB instead of 16 halve the cost of a 1 MiB answer and leave small ones as they are; kernel
// splicing (option splice-auto) was tried and changed nothing.
func renderHAProxy(s Setup, stock bool) string {
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
%[2]s`, s.Port, haproxyServers(s), buffers, haproxyBalance(s.Discipline), s.Loops, cmp.Or(s.QueueWait, "60s"))
}

func haproxyServers(s Setup) string {
	var b strings.Builder
	quota := ""
	if s.Discipline == OneAtATime {
		quota = " maxconn 1"
	}
	for i, upstream := range s.Upstreams {
		fmt.Fprintf(&b, "    server worker%d %s pool-purge-delay 60s pool-max-conn -1%s\n", i, upstream, quota)
	}
	return b.String()
}

func haproxyBalance(d Discipline) string {
	if d == LeastConn {
		return "leastconn"
	}
	return "roundrobin"
}
