// Package ctl is percore's command line for a percore that runs: status, start, stop, restart and the rest. What it
// prints and how it exits is supervisorctl's, to the byte (supervisor 4.2.5), so that scripts written for that go on
// working; what supervisorctl does not know, such as scale, is worded in the same way.
//
// Begin with commands.go, which has a row for each command; tool.go connects and asks, shell.go is the command line
// of a link named supervisorctl. None of supervisorctl's own texts may change: recorded_test.go holds them against
// the real one's.
package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"percore/entrypoint/control"
)

// Tool is one use of the command line.
type Tool struct {
	Out     io.Writer
	Err     io.Writer     // for which percore a command reached
	In      io.Reader     // for the prompt
	Place   control.Place // of the socket; empty is wherever the percore of this container has it
	Proc    fs.FS         // /proc
	Strict  bool          // be supervisorctl and nothing else
	Version string        // of this binary
	Environ []string      // for names without a value in an env file

	// Interrupted is closed when the user wants no more.
	Interrupted <-chan struct{}

	conn   *control.Conn
	sole   bool  // there may be no other percore that it could have been
	broken error // of Out: nothing reads it any more
}

// Run does what the words say and returns the exit code.
func (t *Tool) Run(args []string) int {
	defer t.hangUp()
	c, known := commands()[args[0]]
	if !known || t.Strict && c.ours {
		t.say("*** Unknown syntax: %s", strings.Join(args, " "))
		return control.CodeGeneric
	}
	t.sole = c.changes && !t.Strict
	if c.dials {
		if code := t.dial(); code != 0 {
			if args[0] == "status" {
				return control.CodeUnknown
			}
			return code
		}
	}
	return c.run(t, args[1:])
}

// say prints a line. Like supervisorctl's, complaints go to stdout too: scripts look for them there.
func (t *Tool) say(format string, args ...any) { t.write(fmt.Appendf(nil, format+"\n", args...)) }

func (t *Tool) write(p []byte) {
	if _, err := t.Out.Write(p); err != nil {
		t.broken = err
	}
}

// usage ends a command that was not understood: what is wrong, and how it is used.
func (t *Tool) usage(name string, code int, wrong string) int {
	t.say("%s", wrong)
	if text := commands()[name].help; text != "" {
		t.say("%s", text)
	}
	return code
}

// dial connects, unless it has, and says why it cannot, in supervisorctl's words.
func (t *Tool) dial() (code int) {
	err := t.connect()
	switch url := t.url(); {
	case err == nil:
		return control.CodeOK
	case errors.Is(err, syscall.ENOENT):
		t.say("%s no such file", url)
		return control.CodeNotRunning
	case errors.Is(err, syscall.ECONNREFUSED):
		t.say("%s refused connection", url)
		return control.CodeUnreachable
	case errors.Is(err, syscall.EACCES):
		t.say("%s permission denied", url)
		return control.CodeUnreachable
	default:
		t.say("error: %v", err)
		return control.CodeUnreachable
	}
}

func (t *Tool) connect() (err error) {
	if t.conn != nil {
		return nil
	}
	dial := control.Dial
	if t.sole {
		dial = control.DialSole
	}
	t.conn, err = dial(t.Place, t.Proc)
	return err
}

// introduce says which percore was reached, beside what the command prints: scripts go by that.
func (t *Tool) introduce(f control.Fleet) {
	if t.Err != nil {
		fmt.Fprintf(t.Err, "reached percore %s, pid %d: %s\n", f.Version, f.PID, f.Command)
	}
}

func (t *Tool) hangUp() {
	if t.conn != nil {
		t.conn.Close()
		t.conn = nil
	}
}

func (t *Tool) url() string {
	if t.Place == "" {
		return control.Place(control.DefaultPath).URL()
	}
	return t.Place.URL()
}

// call makes one request and hands the frames of the answer to take. What kept the request from being answered is
// said here.
func (t *Tool) call(r control.Request, take func(control.Frame)) int {
	if code := t.dial(); code != 0 {
		return code
	}
	defer t.hangUp()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	interrupted := false
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-t.Interrupted:
			interrupted = true
			cancel()
		case <-ctx.Done():
		}
	}()
	r.Introduce = r.Changes() && !t.Strict
	code, err := t.conn.Call(ctx, r, func(f control.Frame) error {
		if r.Introduce && f.Fleet != nil {
			t.introduce(*f.Fleet)
		} else {
			take(f)
		}
		return t.broken
	})
	cancel()
	<-watched
	switch {
	case interrupted && r.Follow:
		t.say("")
		return control.CodeOK
	case interrupted:
		return codeInterrupted
	case err != nil && t.broken == nil:
		t.say("ERROR: %v", err)
	}
	return code
}

// codeInterrupted is what a shell says of a program that SIGINT ended.
const codeInterrupted = 128 + int(syscall.SIGINT)

// shortName is supervisord's name of a process: GROUP:NAME, or NAME where both are the same.
func shortName(group, name string) string {
	if group == name {
		return name
	}
	return group + ":" + name
}
