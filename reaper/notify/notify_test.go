package notify

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// open makes a socket that the test's end closes.
func open(t *testing.T) *Socket {
	t.Helper()
	n, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// speaker is the sender's end, as sd_notify makes it.
func speaker(t *testing.T, n *Socket) (conn *net.UnixConn, to *net.UnixAddr) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, &net.UnixAddr{Name: n.Address(), Net: "unixgram"}
}

// listen reads in the background; the channels have what comes, and the end.
func listen(n *Socket) (heard chan string, from chan Sender, done chan struct{}) {
	heard, from, done = make(chan string), make(chan Sender, 100), make(chan struct{})
	go func() {
		defer close(done)
		n.Read(func(s Sender, text string) {
			from <- s
			heard <- text
		})
	}()
	return heard, from, done
}

func TestNoticesComeWithTheirSender(t *testing.T) {
	n := open(t)
	heard, from, done := listen(n)
	conn, to := speaker(t, n)
	if _, err := conn.WriteTo([]byte("READY=1\nSTATUS=warm"), to); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "READY=1\nSTATUS=warm" {
		t.Errorf("got %q, want the notice as it was sent", got)
	}
	if got, want := <-from, (Sender{os.Getpid(), os.Getuid()}); got != want {
		t.Errorf("sender: got %+v, want %+v", got, want)
	}
	n.Close()
	<-done
}

func TestDescriptorsThatCameAlongAreClosed(t *testing.T) {
	n := open(t)
	heard, _, _ := listen(n)
	conn, to := speaker(t, n)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, _, err := conn.WriteMsgUnix([]byte("BARRIER=1"), syscall.UnixRights(int(writer.Fd())), to); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got := <-heard; got != "BARRIER=1" {
		t.Errorf("got %q, want BARRIER=1", got)
	}
	if _, err := reader.Read(make([]byte, 1)); err == nil {
		t.Error("barrier: got it open, want it closed")
	}
}

func TestALongNoticeIsCut(t *testing.T) {
	n := open(t)
	heard, _, _ := listen(n)
	conn, to := speaker(t, n)
	if _, err := conn.WriteTo([]byte(strings.Repeat("x", 2*noticeBytesMax)), to); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; len(got) != noticeBytesMax {
		t.Errorf("got %d bytes, want %d", len(got), noticeBytesMax)
	}
}

// TestASenderWithoutEndFillsTheSocketAlone: while one notice is heeded the others wait in the kernel, which refuses more.
func TestASenderWithoutEndFillsTheSocketAlone(t *testing.T) {
	n := open(t)
	heard, from, _ := listen(n)
	conn, to := speaker(t, n)
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent, refused := 0, error(nil)
	err = raw.Control(func(fd uintptr) {
		for ; refused == nil && sent < 100_000; sent++ {
			refused = syscall.Sendto(int(fd), []byte("WATCHDOG=1"), syscall.MSG_DONTWAIT, &syscall.SockaddrUnix{Name: to.Name})
		}
	})
	if err != nil || !errors.Is(refused, syscall.EAGAIN) {
		t.Errorf("after %d notices: got %v and %v, want EAGAIN", sent, refused, err)
	}
	<-heard
	if got := len(from); got > 2 { // the second may be on its way by now
		t.Errorf("got %d notices taken in while the first is heeded, want 1", got)
	}
}

func TestASenderThatIsNotToldIsNone(t *testing.T) {
	credentials := syscall.UnixCredentials(&syscall.Ucred{Pid: 77, Uid: 1000, Gid: 1000})
	outside := syscall.UnixCredentials(&syscall.Ucred{Pid: 0, Uid: 65534})
	for name, c := range map[string]struct {
		control []byte
		want    Sender
	}{
		"nothing":                         {nil, Sender{}},
		"credentials":                     {credentials, Sender{77, 1000}},
		"a process outside the namespace": {outside, Sender{0, 65534}},
		"a message that is cut":           {credentials[:len(credentials)-8], Sender{}},
		"a header that lies":              {[]byte{255, 255, 255, 255, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0}, Sender{}},
	} {
		if got := senderOf(c.control); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestTheAddressIsAbstractAndOfThisProcess(t *testing.T) {
	first, second := open(t), open(t)
	if !strings.HasPrefix(first.Address(), "@percore-") || first.Address() == second.Address() {
		t.Errorf("got %s and %s, want two abstract names", first.Address(), second.Address())
	}
}
