package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestWhyAWorkerIsNotReady(t *testing.T) {
	http := Check{Kind: HTTP, Path: "/ping"}
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		check Check
		err   error
		want  string
	}{
		"nothing listens":                       {Check{}, refused, "nothing listens on 127.0.0.1:8000"},
		"nothing listens that should answer":    {http, refused, "nothing listens on 127.0.0.1:8000"},
		"a bad status":                          {http, checkStatus("HTTP/1.1 404"), "GET /ping: status 404"},
		"something else than HTTP":              {http, checkStatus("SSH-2.0-Open"), "GET /ping: the answer is not HTTP/1"},
		"no answer":                             {http, fmt.Errorf("read the status line: %w", os.ErrDeadlineExceeded), "GET /ping: no answer within 2s"},
		"no connection":                         {Check{}, context.DeadlineExceeded, "no answer within 2s"},
		"another process in its place":          {http, ErrForeign, "another process listens at the worker's port"},
		"a socket that is not there":            {Check{}, fmt.Errorf("open: %w", os.ErrNotExist), "nothing listens on 127.0.0.1:8000"},
		"something new":                         {Check{}, errors.New("no route to host"), "no route to host"},
		"a worker that has to speak for itself": {Check{Kind: Notify}, nil, "it has not sent READY=1"},
		"nothing is known":                      {Check{}, nil, ""},
	} {
		if got := c.check.Explain(c.err, "127.0.0.1:8000"); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
