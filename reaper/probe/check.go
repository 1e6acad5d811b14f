package probe

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"
)

// Kind is how it is found out whether a worker can serve.
type Kind uint8

// The kinds of checks.
const (
	TCP    Kind = iota // its port accepts a connection
	HTTP               // it answers a GET with 2xx or 3xx
	None               // nothing is asked
	Notify             // it says so on NOTIFY_SOCKET (man 3 sd_notify)
)

// Check is what is asked of a worker.
type Check struct {
	Kind Kind
	Path string // for HTTP, with its leading slash
}

// attemptMax bounds one attempt: a worker may accept long before it answers.
const attemptMax = 2 * time.Second

// Why an attempt failed though there was an answer.
var (
	ErrUnwell  = errors.New("unwell")                                       // it is not a good one
	ErrForeign = errors.New("another process listens at the worker's port") // it is not the worker's
)

// Explain says why a worker that is found ready in this way, at address, is not; empty is that nothing is known.
func (c Check) Explain(err error, address string) string {
	request := ""
	if c.Kind == HTTP {
		request = "GET " + c.Path + ": "
	}
	switch {
	case c.Kind == Notify:
		return "it has not sent READY=1"
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return "nothing listens on " + address
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return request + "no answer within " + attemptMax.String()
	case errors.Is(err, ErrForeign):
		return err.Error()
	default:
		return request + strings.TrimPrefix(err.Error(), ErrUnwell.Error()+": ")
	}
}
