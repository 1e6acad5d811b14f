package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Conn is a client's connection to PID 1.
type Conn struct {
	conn   *net.UnixConn
	Server int // pid of the server; 0 when it cannot be seen from here
}

// Dial connects to the chosen place, or without one to wherever the percore of this container listens. The error says
// what the first place had to say.
func Dial(chosen Place, proc fs.FS) (*Conn, error) {
	if chosen != "" {
		return dial(chosen)
	}
	c, err := dial(DefaultPath)
	if err == nil {
		return c, nil
	}
	return dialPrivate(privatePlaces(proc), err)
}

// DialSole is Dial for a command that changes something: where no place is chosen and several percores can be
// reached, the error names them all.
func DialSole(chosen Place, proc fs.FS) (*Conn, error) {
	if chosen != "" {
		return dial(chosen)
	}
	return dialOnly(DefaultPath, proc)
}

// reached is a percore that can be reached, and where.
type reached struct {
	*Conn
	place Place
}

func dialOnly(first Place, proc fs.FS) (*Conn, error) {
	var open []reached
	c, otherwise := dial(first)
	if otherwise == nil {
		open = append(open, reached{c, first})
	}
	for _, candidate := range privatePlaces(proc) {
		if c, err := dial(candidate.place); err == nil && c.Server == candidate.pid {
			open = append(open, reached{c, candidate.place})
		} else if err == nil {
			c.Close() // its name is made up: another process listens there
		}
	}
	switch len(open) {
	case 0:
		return nil, otherwise
	case 1:
		return open[0].Conn, nil
	}
	text := "several percores can be reached, so nothing was changed; choose one:"
	for _, r := range open {
		text += fmt.Sprintf("\n  PERCORE_CONTROL=%s   pid %d: %s", r.place, r.Server, commandLine(proc, r.Server))
		r.Close()
	}
	return nil, errors.New(text)
}

// commandLine is what a process was started as (man 5 proc, cmdline).
func commandLine(proc fs.FS, pid int) string {
	text, err := fs.ReadFile(proc, strconv.Itoa(pid)+"/cmdline")
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " "))
}

// dialPrivate prefers PID 1. Among several others it chooses none: the command has to say which.
func dialPrivate(list []candidate, otherwise error) (*Conn, error) {
	var open []*Conn
	var names []string
	for _, candidate := range list {
		c, err := dial(candidate.place)
		if err != nil || c.Server != candidate.pid {
			continue // its name is made up: another process listens there
		}
		open, names = append(open, c), append(names, string(candidate.place))
		if candidate.pid == 1 {
			break
		}
	}
	if len(open) == 0 {
		return nil, otherwise
	}
	last := open[len(open)-1]
	if last.Server == 1 || len(open) == 1 {
		open = open[:len(open)-1]
	} else {
		last = nil
	}
	for _, c := range open {
		c.Close()
	}
	if last == nil {
		return nil, fmt.Errorf("several percores run here; choose one with PERCORE_CONTROL: %s",
			strings.Join(names, ", "))
	}
	return last, nil
}

func dial(place Place) (*Conn, error) {
	conn, err := connect(place)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", place, err)
	}
	c := &Conn{conn: conn}
	server, err := peerOf(c.conn)
	// PID 1 is believed whatever its user; other processes are believed when they are root's or ours. Any other
	// server, perhaps in a folder that every user may write to, gets nothing of what the client has to say, which
	// may be a whole environment.
	if err == nil && server.pid != 1 && !server.trusted(os.Getuid(), place.Abstract()) {
		err = fmt.Errorf("dial %s: uid %d listens there, and is neither root nor this command's user; run the "+
			"command as percore's user", place, server.uid)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.Server = server.pid
	return c, nil
}

// connect waits for its turn when more clients connect than PID 1 has accepted yet, which package net calls an error
// (man 2 connect, EAGAIN): only a socket that blocks can wait, for the time that it has to send (man 7 socket,
// SO_SNDTIMEO).
func connect(place Place) (*net.UnixConn, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), string(place))
	defer file.Close() // FileConn has a descriptor of its own
	limit := unix.NsecToTimeval(dialTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	for {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: string(place)})
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// Close ends the conversation.
func (c *Conn) Close() { _ = c.conn.Close() }

// errCut is an answer without its end.
var errCut = errors.New("percore ended in the middle of its answer")

// Call sends the request, hands every frame of the answer to take, but for the last, and returns the exit code. When
// ctx ends it leaves.
func (c *Conn) Call(ctx context.Context, r Request, take func(Frame) error) (code int, err error) {
	defer context.AfterFunc(ctx, c.Close)()
	r.Version = Version
	writeErr := write(c.conn, r) // a server that refuses has said why
	in := bufio.NewReader(c.conn)
	for {
		var f Frame
		if err := read(in, frameBytesMax, &f); err != nil {
			if writeErr != nil {
				return CodeGeneric, writeErr
			}
			return CodeGeneric, errCut
		}
		switch {
		case f.Done && f.Error != "":
			return f.Code, errors.New(f.Error)
		case f.Done:
			return f.Code, nil
		}
		if err := take(f); err != nil {
			return CodeGeneric, err
		}
	}
}
