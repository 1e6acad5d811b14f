package handshake_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/handshake"
)

// listener is a listening socket and where clients find it.
type listener struct {
	fd      int
	address string
}

func listen(t *testing.T, address string) listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("SKIPPED: listen at %s: %v", address, err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	t.Cleanup(func() { file.Close() })
	return listener{int(file.Fd()), l.Addr().String()}
}

func (l listener) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// serve takes the next connection, which is there already, and answers it.
func (l listener) serve(t *testing.T) {
	t.Helper()
	fd, _, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err != nil {
		t.Fatalf("accept: got %v, want the connection that was made before", err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("ok")); err != nil {
		t.Error(err)
	}
}

func setNonblock(t *testing.T, l listener) {
	t.Helper()
	if err := unix.SetNonblock(l.fd, true); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t *testing.T, address string) {
	t.Helper()
	if c, err := net.DialTimeout("tcp", address, 5*time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: got %v and error %v, want connection refused", c, err)
	}
}

func TestAfterRefuseNoClientConnectsAndTheQueueIsServed(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			l := listen(t, address)
			setNonblock(t, l)
			before := l.dial(t)
			if err := handshake.Refuse([]int{l.fd}); err != nil {
				t.Fatalf("refuse: got %v, want no error on a kernel of 5.7 or later", err)
			}
			wantRefused(t, l.address)
			l.serve(t)
			if b, err := io.ReadAll(before); err != nil || string(b) != "ok" {
				t.Errorf("the connection from before: got %q and %v, want its answer", b, err)
			}
		})
	}
}

// TestRefuseASecondTimeIsNoError, also where the process may not bind a socket anew: front door and PID 1 share the
// sockets.
func TestRefuseASecondTimeIsNoError(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	for range 2 {
		if err := handshake.Refuse([]int{l.fd}); err != nil {
			t.Errorf("refuse: got %v, want no error", err)
		}
	}
	if os.Getuid() != 0 {
		return // the kernel has said EPERM by now
	}
	self := exec.Command("/proc/self/exe", "-test.run", "^TestRefuseASecondTimeIsNoError$")
	self.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	self.Dir = "/"
	if out, err := self.CombinedOutput(); err != nil {
		t.Errorf("without privileges: got %v\n%s", err, out)
	}
}

// TestRefuseOfASocketThatIsBoundAlready falls back to the filter, or says that it could not.
func TestRefuseOfASocketThatIsBoundAlready(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, loopback.Index); err != nil {
		t.Skip("SKIPPED:", err)
	}
	if err := handshake.Refuse([]int{l.fd}); err != nil && !errors.Is(err, unix.EPERM) {
		t.Errorf("refuse: got %v, want none as root, EPERM otherwise", err)
	}
}

func TestUnixSocketsArePassedOver(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fds := []int{int(file.Fd())}
	if err := handshake.Refuse(fds); err != nil {
		t.Errorf("refuse: got %v, want no error", err)
	}
	wantUnderWay(t, fds, false)
}

func wantUnderWay(t *testing.T, listeners []int, want bool) {
	t.Helper()
	w, err := handshake.NewWatch(listeners)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range 2 { // each question is answered to its end
		if got, err := w.UnderWay(); err != nil || got != want {
			t.Errorf("handshakes under way: got %v and %v, want %v", got, err, want)
		}
	}
}

// TestAHandshakeIsUnderWayUntilItCompletes has the kernel wait for the client's first byte before the handshake counts
// as complete (man 7 tcp, TCP_DEFER_ACCEPT), as if the client's ACK were on its way.
func TestAHandshakeIsUnderWayUntilItCompletes(t *testing.T) {
	for _, c := range []struct{ name, listen, host string }{
		{"IPv4", "127.0.0.1:0", "127.0.0.1"},
		{"IPv6", "[::1]:0", "::1"},
		{"IPv4 on a socket of both families", "[::]:0", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, other := listen(t, c.listen), listen(t, c.listen)
			setNonblock(t, l)
			if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60); err != nil {
				t.Fatal(err)
			}
			wantUnderWay(t, []int{l.fd}, false)
			_, port, _ := net.SplitHostPort(l.address)
			l.address = net.JoinHostPort(c.host, port)
			client := l.dial(t)
			wantUnderWay(t, []int{l.fd}, true)
			wantUnderWay(t, []int{other.fd, l.fd}, true)
			wantUnderWay(t, []int{other.fd}, false)
			if err := handshake.Refuse([]int{l.fd}); err != nil {
				t.Fatal(err)
			}
			wantUnderWay(t, []int{l.fd}, true)
			if _, err := client.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			wantUnderWay(t, []int{l.fd}, false)
			l.serve(t)
		})
	}
}

func TestAWatchOfWhatIsNoSocketIsAnError(t *testing.T) {
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := handshake.NewWatch([]int{int(file.Fd())}); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("watch: got %v, want ENOTSOCK", err)
	}
}

// TestRefuseGoesOnBehindASocketThatCannot: the error is about that one alone.
func TestRefuseGoesOnBehindASocketThatCannot(t *testing.T) {
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l := listen(t, "127.0.0.1:0")
	if err := handshake.Refuse([]int{int(file.Fd()), l.fd}); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("refuse: got %v, want ENOTSOCK", err)
	}
	wantRefused(t, l.address)
}

func TestWithoutListenersNothingIsRefusedAndNothingUnderWay(t *testing.T) {
	if err := handshake.Refuse(nil); err != nil {
		t.Errorf("refuse: got %v, want no error", err)
	}
	wantUnderWay(t, nil, false)
}
