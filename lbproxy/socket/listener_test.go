package socket_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"percore/lbproxy/socket"
)

// TestAListenerNeverTakesThePlaceOfAFile: a path in LISTEN that is a file by mistake must survive it.
func TestAListenerNeverTakesThePlaceOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ls, err := socket.Listen(socket.UnixPrefix+path, 1); err == nil {
		socket.CloseListeners(ls)
		t.Error("listen on a file: got no error, want one")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "data" {
		t.Errorf("the file: got %q and %v, want it untouched", b, err)
	}
}

func TestALeftOverSocketIsReplacedAndALiveOneIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	if ls, err := socket.Listen(socket.UnixPrefix+path, 1); err == nil {
		socket.CloseListeners(ls)
		t.Error("listen where another socket listens: got no error, want one")
	}
	old.Close()
	ls, err := socket.Listen(socket.UnixPrefix+path, 3)
	if err != nil {
		t.Fatalf("listen on what a dead process left: got %v, want no error", err)
	}
	if len(ls) != 1 {
		t.Errorf("sockets for a unix path and 3 loops: got %d, want 1", len(ls))
	}
	socket.CloseListeners(ls)
}

// The mode is there from birth: a chmod afterwards could be given another file by the owner of the folder.
func TestEverybodyMayConnectToASocketWhateverTheUmask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before := syscall.Umask(0o077)
	ls, err := socket.Listen(socket.UnixPrefix+path, 1)
	after := syscall.Umask(before)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(ls)
	if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o666 {
		t.Errorf("got %v, %v, want mode 0666", info.Mode(), err)
	}
	if after != 0o077 {
		t.Errorf("umask afterwards: got %#o, want what it was", after)
	}
}

func TestTheSocketsOfOneAddressShareThePortThatTheKernelChose(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			ls, err := socket.Listen(address, 3)
			if err != nil {
				t.Skipf("SKIPPED: %v", err)
			}
			defer socket.CloseListeners(ls)
			want := local(&ls[0])
			for i := range ls {
				if got := local(&ls[i]); got != want || ls[i].Loop != i || ls[i].Address != address {
					t.Errorf("socket %d: got %s, loop %d, address %s, want %s, %d, %s", i, got, ls[i].Loop, ls[i].Address, want, i, address)
				}
			}
		})
	}
}

// local is the address that a listener is bound to.
func local(l *socket.Listener) string { return string(socket.AppendLocal(nil, int32(l.File.Fd()))) }

// TestAPortThatIsSharedByOthersIsInUse: SO_REUSEPORT would split its clients between us and them.
func TestAPortThatIsSharedByOthersIsInUse(t *testing.T) {
	ls, err := socket.Listen("127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(ls)
	others, err := socket.Listen(local(&ls[0]), 2)
	if socket.CloseListeners(others); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want EADDRINUSE", err)
	}
}

func TestAListenerWithoutAHostIsForBothFamilies(t *testing.T) {
	ls, err := socket.Listen(":0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(ls)
	_, port, err := net.SplitHostPort(local(&ls[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := net.Dial("tcp", net.JoinHostPort(host, port))
		if err != nil && host == "127.0.0.1" {
			t.Errorf("%s: got %v, want a connection", host, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestWhatNoListenerCanHave(t *testing.T) {
	for _, address := range []string{"", "80", "localhost:80", "127.0.0.1:x", "192.0.2.1:80", "unix:/nowhere/s"} {
		t.Run(address, func(t *testing.T) {
			ls, err := socket.Listen(address, 1)
			if socket.CloseListeners(ls); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

// TestWhatAcceptedSocketsInherit saves a system call for each connection.
func TestWhatAcceptedSocketsInherit(t *testing.T) {
	e := connect(t, "127.0.0.1:0")
	if option(t, e.server, unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 {
		t.Error("keep-alive: got none, want a dead peer to be noticed")
	}
	if option(t, e.server, unix.IPPROTO_TCP, unix.TCP_NODELAY) == 0 {
		t.Error("Nagle's algorithm: got it, want it off")
	}
}

func TestAfterARefusalNoClientConnects(t *testing.T) {
	ls, err := socket.Listen("127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(ls)
	address := local(&ls[0])
	if err := socket.RefuseNewConnections(ls); err != nil {
		t.Skipf("SKIPPED: an old kernel: %v", err)
	}
	if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: got %v and %v, want it refused", c, err)
	}
}

func TestAnAdoptedListenerIsOursAlone(t *testing.T) {
	ls, err := socket.Listen("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	address := local(&ls[0])
	fd, err := ls[0].Adopt()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close(fd)
	if status, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); status&unix.O_NONBLOCK == 0 {
		t.Errorf("status: got %#x, want O_NONBLOCK", status)
	}
	if got := string(socket.AppendLocal(nil, fd)); got != address {
		t.Errorf("address: got %s, want %s", got, address)
	}
	if _, err := ls[0].Adopt(); err == nil {
		t.Error("a second time: got no error, want one, as the file is closed")
	}
}
