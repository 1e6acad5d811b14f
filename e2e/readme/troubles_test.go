package readme

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// trouble is one row of the README's table, made for real.
type trouble struct {
	name      string
	shows     string // part of the row's first cell, found in no other
	needs     privileges
	env       []string // on top of one worker, free ports and a short stop
	words     []string // percore's arguments
	before    func(*testing.T, lab)
	meanwhile func(*testing.T, lab, *rig.Process) string // while it runs; nil: it ends by itself
}

var (
	sleeper     = []string{"sleep", "60"}
	misbehaving = []string{os.Args[0], workerWord, "{port}", "{index}"}
	startsOnce  = append([]string{"sh", "-c", `test ! -e begun && touch begun && exec "$0" "$@"; exit 3`}, misbehaving...)
	hangsLater  = append([]string{"sh", "-c", `test ! -e begun && touch begun && exec "$0" "$@"; exec sleep 60`}, misbehaving...)
	demo        = []string{"demo"}
)

var troubles = []trouble{
	{name: "a variable is misspelled", shows: "PERCORE_WORKRES", env: []string{"PERCORE_WORKRES=2"}, words: sleeper},
	{name: "there is no command", shows: "no command:"},
	{name: "the public port is taken", shows: "address already in use", words: sleeper, before: occupy},
	{
		name: "the public port is a low one", shows: "bind: permission denied", needs: anOrdinaryUser,
		env: []string{"PERCORE_LISTEN=127.0.0.1:81"}, words: sleeper, before: needGuardedPorts,
	},
	{
		name: "the public port is among the workers' ports", shows: "worker 0 would need port",
		env: []string{"PERCORE_LISTEN=127.0.0.1:8000", "PERCORE_PORTS_FROM=8000"}, words: sleeper,
	},
	{name: "the user does not exist", shows: "nobodyx", env: []string{"PERCORE_USER=nobodyx"}, words: sleeper},
	{
		name: "bodies cannot be held where they are to be", shows: "PERCORE_CLIENT_BODY_TEMP_PATH", words: sleeper,
		env: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=/nowhere"},
	},
	{name: "the command does not exist", shows: "find python4", words: []string{"python4", "main.py"}},
	{name: "the command is not executable", shows: "exec ./main.py", words: []string{"./main.py"}, before: leaveScript},
	{
		name: "the user cannot be changed", shows: "`worker not started`, `operation not permitted`", needs: anOrdinaryUser,
		env: []string{"PERCORE_USER=daemon"}, words: sleeper,
	},
	{
		name: "root has no capabilities", shows: "lacks the capabilities", needs: rootWithoutCapabilities, words: demo,
		meanwhile: until("demo-"),
	},
	{
		name: "root may not signal other users' processes", shows: "kill: operation not permitted", needs: rootWithoutKill,
		env: []string{"PERCORE_USER=daemon"}, words: demo,
		meanwhile: func(t *testing.T, _ lab, p *rig.Process) string {
			p.AwaitText(`"msg":"worker ready"`, 2)
			p.Signal(syscall.SIGTERM)
			p.AwaitText("operation not permitted", 1)
			return ""
		},
	},
	{
		name: "the application ends at start", shows: "exited with code 3", env: []string{"PERCORE_STARTRETRIES=1"},
		words: []string{"sh", "-c", "echo boom >&2; exit 3"},
	},
	{
		name: "the application does not listen", shows: "not ready in time",
		env: []string{"PERCORE_READY_TIMEOUT=0.3", "PERCORE_STARTRETRIES=0"}, words: sleeper,
	},
	{
		name: "the application listens elsewhere", shows: "does not listen where it is expected to", env: []string{"PERCORE_READY_TIMEOUT=12"},
		words: []string{"python3", "-c", "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); time.sleep(600)"},
	},
	{
		name: "one worker of two keeps failing", shows: "fleet degraded", env: []string{"PERCORE_WORKERS=2", "PERCORE_STARTRETRIES=2"},
		words: misbehaving, meanwhile: until("fleet degraded"),
	},
	{name: "a worker closes instead of answering", shows: "502 Bad Gateway: the worker closed", words: misbehaving, meanwhile: post("/close", "")},
	{name: "a worker's response is no HTTP", shows: "is malformed", words: misbehaving, meanwhile: post("/malformed", "")},
	{
		name: "no worker becomes ready", shows: "no worker was ready", env: []string{"PERCORE_QUEUE_TIMEOUT=0.2"}, words: hangsLater,
		meanwhile: func(t *testing.T, where lab, p *rig.Process) string {
			p.AwaitText(`"msg":"worker ready"`, 2)
			p.Signal(syscall.SIGHUP)
			p.AwaitText(`"msg":"worker started"`, 3)
			return converse(t, where, request("/", ""))
		},
	},
	{
		name: "no worker runs", shows: "no worker runs", env: []string{"PERCORE_EXIT_ON=never", "PERCORE_STARTRETRIES=0"},
		words: []string{"sh", "-c", "exit 3"},
		meanwhile: func(t *testing.T, where lab, p *rig.Process) string {
			p.AwaitText(`"next":"fatal"`, 1)
			p.AwaitText(`"msg":"worker ready"`, 1) // the front door
			return converse(t, where, request("/", ""))
		},
	},
	{
		name: "the workers listen elsewhere", shows: "the worker refused the connection", env: []string{"PERCORE_READY=none"}, words: sleeper,
		meanwhile: exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
	},
	{
		name: "too many requests wait", shows: "too many requests wait", env: []string{"PERCORE_QUEUE_SIZE=0"}, words: sleeper,
		meanwhile: beforeReady("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
	},
	{
		name: "every worker has as many requests as it may", shows: "no worker was free",
		env: []string{"PERCORE_WORKER_CONCURRENCY=1", "PERCORE_QUEUE_TIMEOUT=0.2"}, words: misbehaving,
		meanwhile: func(t *testing.T, where lab, p *rig.Process) string {
			p.AwaitText(`"msg":"worker ready"`, 2)
			conn := send(t, where, request("/silent", ""))
			defer conn.Close()
			p.Await("the request at its worker", func() bool { return proc.Established(where.ports) > 0 })
			return post("/", "")(t, where, p)
		},
	},
	{
		name: "a worker is silent", shows: "504 Gateway Timeout", env: []string{"PERCORE_PROXY_READ_TIMEOUT=0.2"}, words: misbehaving,
		meanwhile: post("/silent", ""),
	},
	{
		name: "a body is too large", shows: "413 Content Too Large", env: []string{"PERCORE_CLIENT_MAX_BODY_SIZE=1KB"}, words: misbehaving,
		meanwhile: post("/", strings.Repeat("x", 2048)),
	},
	{
		name: "an upload in chunks finds no room", shows: "503 Service Unavailable: no room", env: []string{"PERCORE_TEMP_SIZE=1MB"},
		words:     misbehaving,
		meanwhile: exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" + strings.Repeat("x", 1<<20)),
	},
	{
		name: "a head is too large", shows: "431 Request Header", words: misbehaving,
		meanwhile: exchange("GET / HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("x", 33<<10) + "\r\n\r\n"),
	},
	{
		name: "the head of an answer is too large", shows: "502 Bad Gateway: the head of the worker's response", words: misbehaving,
		meanwhile: post("/longhead", ""),
	},
	{name: "a request has no host", shows: "400 Bad Request", words: misbehaving, meanwhile: exchange("GET / HTTP/1.1\r\n\r\n")},
	{
		name: "there is no place for the control socket", shows: "no control socket", env: []string{"PERCORE_CONTROL=/nowhere/s"}, words: misbehaving,
		meanwhile: until("no control socket"),
	},
	{name: "a word is of a later version", shows: "does not have yet", words: []string{"doctor"}},
	{
		name: "a new version cannot start", shows: "rolling restart halted", words: startsOnce,
		meanwhile: func(t *testing.T, _ lab, p *rig.Process) string {
			p.AwaitText(`"msg":"worker ready"`, 2)
			p.Signal(syscall.SIGHUP)
			p.AwaitText("rolling restart halted", 1)
			return ""
		},
	},
	{
		name: "requests outlast their share of the stop", shows: "requests are still in flight", words: misbehaving,
		meanwhile: func(t *testing.T, where lab, p *rig.Process) string {
			p.AwaitText(`"msg":"worker ready"`, 2)
			conn := send(t, where, request("/silent", ""))
			defer conn.Close()
			p.Await("the request at its worker", func() bool { return proc.Established(where.ports) > 0 })
			p.Signal(syscall.SIGTERM)
			p.AwaitText("still in flight", 1)
			p.Wait()
			return ""
		},
	},
	{
		name: "a worker ignores its signal", shows: "worker does not stop", env: []string{"PERCORE_READY=none", "PERCORE_STOPWAITSECS=0.2"},
		words: []string{"sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"}, meanwhile: func(t *testing.T, _ lab, p *rig.Process) string {
			p.AwaitText("deaf", 2) // the first is in the boot line
			p.Signal(syscall.SIGTERM)
			p.AwaitText("worker does not stop", 1)
			p.Wait()
			return ""
		},
	},
}

// until waits for text in the log.
func until(text string) func(*testing.T, lab, *rig.Process) string {
	return func(t *testing.T, _ lab, p *rig.Process) string {
		p.AwaitText(text, 1)
		return ""
	}
}

func request(path, body string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// post sends a request that must not be repeated and returns the answer.
func post(path, body string) func(*testing.T, lab, *rig.Process) string {
	return exchange(request(path, body))
}

// exchange sends bytes once the worker is ready and returns the answer.
func exchange(bytes string) func(*testing.T, lab, *rig.Process) string {
	return func(t *testing.T, where lab, p *rig.Process) string {
		p.AwaitText(`"msg":"worker ready"`, 2) // the front door's is the other
		return converse(t, where, bytes)
	}
}

// beforeReady sends bytes while no worker is ready and returns the answer.
func beforeReady(bytes string) func(*testing.T, lab, *rig.Process) string {
	return func(t *testing.T, where lab, p *rig.Process) string {
		p.AwaitText(`"msg":"worker started"`, 2)
		return converse(t, where, bytes)
	}
}

func send(t *testing.T, where lab, bytes string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", where.listen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	return conn
}

// converse sends bytes and returns the answer up to the end of its body, which is a line.
func converse(t *testing.T, where lab, bytes string) string {
	t.Helper()
	conn := send(t, where, bytes)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(rig.Patience)); err != nil {
		t.Fatal(err)
	}
	var answer strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		answer.Write(buf[:n])
		_, body, found := strings.Cut(answer.String(), "\r\n\r\n")
		if err != nil || found && strings.HasSuffix(body, "\n") {
			return answer.String()
		}
	}
}
