// Package link is the conversation between PID 1 and the front door, over one inherited socket pair.
//
// Each side sends snapshots of all that the other needs, never increments, so that either can be restarted at any
// time and a newer message makes every older one void. A message is a length, four bytes in network order, and that
// much JSON; the version in it makes two different builds refuse each other instead of guessing.
package link

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"percore/lbproxy"
)

// Version is the version of the messages. It changes with their meaning.
const Version = 1

// messageBytesMax bounds a message: a thousand workers need a tenth of it.
const messageBytesMax = 4 << 20

// Wanted is what PID 1 tells the front door.
type Wanted struct {
	Version   int
	Options   lbproxy.Options
	LogLevel  string // slog's names
	LogStyle  string
	LogFD     int // the descriptor that the log goes to
	Listeners []Listener
	Snapshot  lbproxy.Snapshot
}

// Listener says what an inherited descriptor is.
type Listener struct {
	FD      int
	Address string
	Loop    int
}

// Reported is what the front door tells PID 1.
type Reported struct {
	Version int
	Report  lbproxy.Report
}

// FrontFD is the descriptor at which the front door finds its end of the pair; listeners follow it.
const FrontFD = 3

// Pair opens the two ends. Both are close-on-exec and non-blocking, so that a goroutine which waits on one
// costs no thread.
func Pair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(fds[0]), "link"), os.NewFile(uintptr(fds[1]), "link"), nil
}

// Write sends one message.
func Write(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode link message: %w", err)
	}
	if len(body) > messageBytesMax {
		return fmt.Errorf("encode link message: %d bytes, at most %d", len(body), messageBytesMax)
	}
	framed := append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...)
	if _, err := w.Write(framed); err != nil {
		return fmt.Errorf("write link message: %w", err)
	}
	return nil
}

// Read receives one message. The error is io.EOF when the other side is gone.
func Read(r io.Reader, message any) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > messageBytesMax {
		return fmt.Errorf("read link message: %d bytes announced, at most %d", n, messageBytesMax)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("read link message: %w", err)
	}
	if err := json.Unmarshal(body, message); err != nil {
		return fmt.Errorf("decode link message: %w", err)
	}
	return nil
}

// CheckVersion refuses a message of another build.
func CheckVersion(got int) error {
	if got != Version {
		return fmt.Errorf("link speaks version %d, this build version %d: both sides must come from one binary", got,
			Version)
	}
	return nil
}
