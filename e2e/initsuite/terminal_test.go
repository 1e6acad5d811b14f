package initsuite

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal: its master side, and all that was printed on it.
type terminal struct {
	master *os.File
	name   string
	mu     sync.Mutex // guards text and seen
	text   []byte
	seen   int // how much of text an expect has consumed
}

// newTerminal opens /dev/ptmx and collects what is printed until the end of the test.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open /dev/ptmx: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatalf("unlock the terminal: %v", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatalf("number of the terminal: %v", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	term := &terminal{master: os.NewFile(uintptr(fd), "/dev/ptmx"), name: fmt.Sprintf("/dev/pts/%d", number)}
	// A slave that stays open: without one, reading fails whenever no process has the terminal.
	keeper := term.open(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		term.collect()
	}()
	t.Cleanup(func() {
		keeper.Close()
		term.master.Close()
		<-done
	})
	return term
}

// open opens the slave side without making it anybody's controlling terminal.
func (term *terminal) open(t *testing.T) *os.File {
	t.Helper()
	slave, err := os.OpenFile(term.name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("open the terminal: %v", err)
	}
	return slave
}

func (term *terminal) collect() {
	buffer := make([]byte, 4096)
	for {
		n, err := term.master.Read(buffer)
		term.mu.Lock()
		term.text = append(term.text, buffer[:n]...)
		term.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send types keys.
func (term *terminal) send(keys string) {
	term.master.WriteString(keys) //nolint:errcheck // a terminal that is gone shows in what is expected next
}

// expect waits until text is printed after what was expected before.
func (term *terminal) expect(text string, limit time.Duration) bool {
	return within(limit, func() bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		at := bytes.Index(term.text[term.seen:], []byte(text))
		if at < 0 {
			return false
		}
		term.seen += at + len(text)
		return true
	})
}

// must is expect for what has nothing to do with the init.
func (term *terminal) must(t *testing.T, text string) {
	t.Helper()
	if !term.expect(text, patience) {
		t.Fatalf("%q was never printed; the terminal shows %q", text, term.String())
	}
}

// String is all that was printed.
func (term *terminal) String() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return string(term.text)
}

// foreground is the process group that reads from the terminal.
func (term *terminal) foreground() int {
	pgrp, err := unix.IoctlGetInt(int(term.fd()), unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return pgrp
}

// echoes says whether the terminal is in its ordinary mode.
func (term *terminal) echoes() bool {
	modes, err := unix.IoctlGetTermios(int(term.fd()), unix.TCGETS)
	return err == nil && modes.Lflag&unix.ECHO != 0 && modes.Lflag&unix.ICANON != 0
}

func (term *terminal) setToStop(t *testing.T) {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(term.fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	modes.Lflag |= unix.TOSTOP
	if err := unix.IoctlSetTermios(int(term.fd()), unix.TCSETS, modes); err != nil {
		t.Fatal(err)
	}
}

func (term *terminal) resize(t *testing.T, rows, columns uint16) {
	t.Helper()
	size := &unix.Winsize{Row: rows, Col: columns}
	if err := unix.IoctlSetWinsize(int(term.fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
}

// fd is the master's descriptor, left non-blocking.
func (term *terminal) fd() uintptr {
	conn, err := term.master.SyscallConn()
	if err != nil {
		return ^uintptr(0)
	}
	var number uintptr
	conn.Control(func(fd uintptr) { number = fd }) //nolint:errcheck // fails after the test only
	return number
}

func TestATerminalEchoesWhatIsTyped(t *testing.T) {
	term := newTerminal(t)
	term.send("hello\n")
	if !term.expect("hello\r\n", patience) {
		t.Errorf("got %q, want an echo", term.String())
	}
	if !term.echoes() {
		t.Error("a new terminal echoes: got false, want true")
	}
	if strings.HasPrefix(term.name, "/dev/pts/") {
		return
	}
	t.Errorf("name: got %q, want one below /dev/pts", term.name)
}
