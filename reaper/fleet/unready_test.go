package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestWhyAWorkerIsNotReady(t *testing.T) {
	http := Ready{Kind: ReadyHTTP, Path: "/ping"}
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		ready Ready
		err   error
		want  string
	}{
		"nobody listens":                        {Ready{}, refused, "nothing listens on 127.0.0.1:8000"},
		"nobody listens who should answer":      {http, refused, "nothing listens on 127.0.0.1:8000"},
		"a bad status":                          {http, checkStatus("HTTP/1.1 404"), "GET /ping: status 404"},
		"something else than HTTP":              {http, checkStatus("SSH-2.0-Open"), "GET /ping: the answer is not HTTP/1"},
		"no answer":                             {http, fmt.Errorf("read the status line: %w", os.ErrDeadlineExceeded), "GET /ping: no answer within 2s"},
		"no connection":                         {Ready{}, context.DeadlineExceeded, "no answer within 2s"},
		"somebody else in its place":            {http, errForeign, "another process listens at the worker's port"},
		"a socket that is not there":            {Ready{}, fmt.Errorf("open: %w", os.ErrNotExist), "nothing listens on 127.0.0.1:8000"},
		"something new":                         {Ready{}, errors.New("no route to host"), "no route to host"},
		"a worker that has to speak for itself": {Ready{Kind: ReadyNotify}, nil, "it has not sent READY=1"},
		"nothing is known":                      {Ready{}, nil, ""},
	} {
		if got := c.ready.words(c.err, "127.0.0.1:8000"); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestAWorkerThatIsNotReadyInTimeIsToldWithTheReason(t *testing.T) {
	p := tornado(1)
	p.ReadyTimeout, p.StartRetries, p.Ready = 5*time.Second, 0, Ready{Kind: ReadyHTTP, Path: "/health"}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.makeSick(8000, func(context.Context) error { return checkStatus("HTTP/1.1 404") })
		r.run()
		r.expectEnd(137, "killed by SIGKILL after 5s; it was not ready: GET /health: status 404")
		r.expectLog(1, `reason="GET /health: status 404"`)
	})
}

func TestTheReasonOfOneIncarnationIsNotThatOfTheNext(t *testing.T) {
	p := tornado(1)
	p.ReadyTimeout, p.StartRetries = 5*time.Second, 1
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.pass(6 * time.Second)
		r.expectLog(1, "it was not ready: refused")
		r.die("tornado-8000", crash)
		r.expectEnd(139, "killed by SIGSEGV")
		r.expectLog(1, "it was not ready")
	})
}
