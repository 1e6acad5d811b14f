package socket_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/socket"
)

// ends are two sockets that are connected to each other.
type ends struct{ client, server int32 }

// listenFor opens one listening socket that does not block, and says where clients find it.
func listenFor(t *testing.T, address string) (fd int32, reachable string) {
	t.Helper()
	ls, err := socket.Listen(address, 1)
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	t.Cleanup(func() { socket.CloseListeners(ls) })
	fd = int32(ls[0].File.Fd())
	if err := unix.SetNonblock(int(fd), true); err != nil {
		t.Fatal(err)
	}
	if reachable = string(socket.AppendLocal(nil, fd)); reachable == "localhost" {
		reachable = address
	}
	return fd, reachable
}

// open connects a socket to an address, without waiting for the other side.
func open(t *testing.T, address string) int32 {
	t.Helper()
	a, err := socket.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	fd, errno := socket.Open(a)
	if errno != socket.OK {
		t.Fatalf("open: got %v", errno)
	}
	t.Cleanup(func() { socket.Close(fd) })
	if errno := socket.Connect(fd, a); errno != socket.OK && errno != unix.EINPROGRESS {
		t.Fatalf("connect: got %v, want it to be on its way", errno)
	}
	return fd
}

// connect makes two ends over a listener at this address.
func connect(t *testing.T, address string) ends {
	t.Helper()
	listener, reachable := listenFor(t, address)
	client := open(t, reachable)
	await(t, listener, unix.POLLIN)
	var from unix.RawSockaddrAny
	server, errno := socket.Accept(listener, &from)
	if errno != socket.OK {
		t.Fatalf("accept: got %v", errno)
	}
	t.Cleanup(func() { socket.Close(server) })
	return ends{client, server}
}

// await waits until a socket has what poll calls events.
func await(t *testing.T, fd int32, events int16) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		n, err := unix.Poll([]unix.PollFd{{Fd: fd, Events: events}}, 1000)
		if n > 0 {
			return
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
	t.Fatal("nothing happened on the socket in 10 s")
}

// receive reads what comes next.
func receive(t *testing.T, fd int32) (string, unix.Errno) {
	t.Helper()
	await(t, fd, unix.POLLIN)
	b := make([]byte, 100)
	n, errno := socket.Recv(fd, b, 0)
	return string(b[:n]), errno
}

func wantReceived(t *testing.T, fd int32, want string) {
	t.Helper()
	if got, errno := receive(t, fd); got != want || errno != socket.OK {
		t.Errorf("received: got %q and %v, want %q", got, errno, want)
	}
}

func option(t *testing.T, fd int32, level, name int) int {
	t.Helper()
	value, err := unix.GetsockoptInt(int(fd), level, name)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// places are addresses of all kinds.
func places(t *testing.T) []string {
	return []string{"127.0.0.1:0", "[::1]:0", "unix:" + filepath.Join(t.TempDir(), "s")}
}

func TestASocketNeverWaitsAndIsNotInherited(t *testing.T) {
	for _, address := range places(t) {
		t.Run(address, func(t *testing.T) {
			e := connect(t, address)
			for name, fd := range map[string]int32{"opened": e.client, "accepted": e.server} {
				status, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
				flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
				if status&unix.O_NONBLOCK == 0 || flags&unix.FD_CLOEXEC == 0 {
					t.Errorf("%s: got status %#x and flags %#x, want O_NONBLOCK and FD_CLOEXEC", name, status, flags)
				}
				if address[:4] != "unix" && option(t, fd, unix.IPPROTO_TCP, unix.TCP_NODELAY) == 0 {
					t.Errorf("%s: Nagle's algorithm is on", name)
				}
			}
		})
	}
}

func TestBytesGoBothWays(t *testing.T) {
	for _, address := range places(t) {
		t.Run(address, func(t *testing.T) {
			e := connect(t, address)
			if n, errno := socket.Recv(e.server, make([]byte, 1), 0); errno != unix.EAGAIN || n != 0 {
				t.Errorf("before there is something: got %d, %v, want EAGAIN", n, errno)
			}
			if n, errno := socket.Send(e.client, []byte("question")); n != 8 || errno != socket.OK {
				t.Errorf("send: got %d, %v, want 8", n, errno)
			}
			await(t, e.server, unix.POLLIN)
			b := make([]byte, 4)
			if n, errno := socket.Recv(e.server, b, unix.MSG_PEEK); n != 4 || errno != socket.OK || string(b) != "ques" {
				t.Errorf("peek: got %q, %v, want the first bytes", b[:n], errno)
			}
			if got := socket.Unread(e.server); got != 8 && address[:4] != "unix" {
				t.Errorf("unread: got %d, want 8, as a peek takes nothing", got)
			}
			wantReceived(t, e.server, "question")
			if _, errno := socket.Send(e.server, []byte("answer")); errno != socket.OK {
				t.Error(errno)
			}
			wantReceived(t, e.client, "answer")
			if got := socket.Unread(e.client); got != 0 {
				t.Errorf("unread: got %d, want 0", got)
			}
		})
	}
}

// TestTheLastBytesComeWhole: what SendLast holds back leaves with the FIN.
func TestTheLastBytesComeWhole(t *testing.T) {
	for _, address := range places(t) {
		t.Run(address, func(t *testing.T) {
			e := connect(t, address)
			if n, errno := socket.SendLast(e.server, []byte("bye")); n != 3 || errno != socket.OK {
				t.Errorf("send: got %d, %v, want 3", n, errno)
			}
			socket.ShutdownWrite(e.server)
			wantReceived(t, e.client, "bye")
			wantReceived(t, e.client, "")
			if _, errno := socket.Send(e.client, []byte("one more")); errno != socket.OK {
				t.Errorf("the other way: got %v, want it open", errno)
			}
			wantReceived(t, e.server, "one more")
		})
	}
}

func TestASocketWhosePeerIsGoneRaisesNoSignal(t *testing.T) {
	e := connect(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	socket.ShutdownWrite(e.client)
	if _, errno := socket.Send(e.client, []byte("x")); errno != unix.EPIPE {
		t.Errorf("send: got %v, want EPIPE, and no SIGPIPE", errno)
	}
	if _, errno := socket.SendLast(e.client, []byte("x")); errno != unix.EPIPE {
		t.Errorf("send last: got %v, want EPIPE, and no SIGPIPE", errno)
	}
}

// fileOf is an open file with this in it.
func fileOf(t *testing.T, content string) int32 {
	t.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close(int32(fd)) })
	if _, err := unix.Write(fd, []byte(content)); err != nil {
		t.Fatal(err)
	}
	return int32(fd)
}

func TestAPartOfAFileIsSent(t *testing.T) {
	file := fileOf(t, "some of a file")
	for _, address := range places(t) {
		t.Run(address, func(t *testing.T) {
			e := connect(t, address)
			for _, test := range []struct {
				offset int64
				n      int
				want   string
			}{{0, 4, "some"}, {8, 6, "a file"}, {10, 100, "file"}} {
				sent, errno := socket.SendFile(e.client, file, test.offset, test.n)
				if sent != len(test.want) || errno != socket.OK {
					t.Errorf("%d bytes from %d: got %d, %v, want %d", test.n, test.offset, sent, errno, len(test.want))
				}
				wantReceived(t, e.server, test.want)
			}
			if sent, errno := socket.SendFile(e.client, file, 14, 1); sent != 0 || errno != socket.OK {
				t.Errorf("behind its end: got %d, %v, want nothing", sent, errno)
			}
		})
	}
}

func TestAFileIsSentAsFarAsThereIsRoom(t *testing.T) {
	const size = 64 << 20
	file := fileOf(t, "")
	if err := unix.Ftruncate(int(file), size); err != nil {
		t.Fatal(err)
	}
	for _, address := range places(t) {
		t.Run(address, func(t *testing.T) {
			e := connect(t, address)
			var all int
			for {
				sent, errno := socket.SendFile(e.client, file, int64(all), size-all)
				if all += sent; errno == unix.EAGAIN {
					break
				}
				if errno != socket.OK || sent == 0 {
					t.Fatalf("after %d bytes: got %d, %v, want EAGAIN at some time", all, sent, errno)
				}
			}
			if all == 0 || all >= size {
				t.Errorf("got %d bytes into a socket that is not read, want some, not all", all)
			}
		})
	}
}

func TestAFileForAPeerThatIsGoneRaisesNoSignal(t *testing.T) {
	file := fileOf(t, "x")
	e := connect(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	socket.ShutdownWrite(e.client)
	if _, errno := socket.SendFile(e.client, file, 0, 1); errno != unix.EPIPE {
		t.Errorf("got %v, want EPIPE", errno)
	}
	if _, errno := socket.SendFile(e.server, -1, 0, 1); errno != unix.EBADF {
		t.Errorf("of no file: got %v, want EBADF", errno)
	}
}

func TestAResetIsNoEnd(t *testing.T) {
	for name, reset := range map[string]bool{"a close": false, "a close that is to reset": true} {
		t.Run(name, func(t *testing.T) {
			listener, reachable := listenFor(t, "127.0.0.1:0")
			a, err := socket.ParseAddress(reachable)
			if err != nil {
				t.Fatal(err)
			}
			client, _ := socket.Open(a)
			_ = socket.Connect(client, a)
			await(t, listener, unix.POLLIN)
			var from unix.RawSockaddrAny
			server, _ := socket.Accept(listener, &from)
			t.Cleanup(func() { socket.Close(server) })
			if reset {
				socket.ResetOnClose(client)
			}
			socket.Close(client)
			got, errno := receive(t, server)
			if want := unix.Errno(0); !reset && (errno != want || got != "") || reset && errno != unix.ECONNRESET {
				t.Errorf("the other end: got %q, %v, want a reset: %v", got, errno, reset)
			}
		})
	}
}

func TestAcceptFromAnEmptyQueue(t *testing.T) {
	listener, _ := listenFor(t, "127.0.0.1:0")
	var from unix.RawSockaddrAny
	if fd, errno := socket.Accept(listener, &from); fd != -1 || errno != unix.EAGAIN {
		t.Errorf("got %d, %v, want EAGAIN", fd, errno)
	}
	if fd, errno := socket.Accept(-1, &from); fd != -1 || errno != unix.EBADF {
		t.Errorf("of what is no listener: got %d, %v, want EBADF", fd, errno)
	}
}

func TestConnectWhereNothingListens(t *testing.T) {
	a, err := socket.ParseAddress("unix:" + filepath.Join(t.TempDir(), "nothing"))
	if err != nil {
		t.Fatal(err)
	}
	fd, errno := socket.Open(a)
	if errno != socket.OK {
		t.Fatal(errno)
	}
	defer socket.Close(fd)
	if errno := socket.Connect(fd, a); errno != unix.ENOENT {
		t.Errorf("got %v, want ENOENT", errno)
	}
}

func TestThePauseBeforeAFINIsMeasured(t *testing.T) {
	e := connect(t, "127.0.0.1:0")
	const pause = 300 * time.Millisecond
	if _, errno := socket.Send(e.client, []byte("all of it")); errno != socket.OK {
		t.Fatal(errno)
	}
	wantReceived(t, e.server, "all of it")
	time.Sleep(pause)
	socket.ShutdownWrite(e.client)
	wantReceived(t, e.server, "")
	if millis, ok := socket.FINLag(e.server); !ok || millis < pause.Milliseconds()/2 {
		t.Errorf("got %d ms, %v, want about %v", millis, ok, pause)
	}
}

func TestTheKernelKnowsNothingOfAUnixSocketsSegments(t *testing.T) {
	e := connect(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	if millis, ok := socket.FINLag(e.server); ok {
		t.Errorf("got %d ms, want that it is not known", millis)
	}
	socket.BoundUnsent(e.server, 1<<14) // is for TCP, and does no harm
}

func TestABoundOfWhatIsNotSent(t *testing.T) {
	e := connect(t, "127.0.0.1:0")
	socket.BoundUnsent(e.server, 16<<10)
	if got := option(t, e.server, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); got != 16<<10 {
		t.Errorf("got %d, want %d", got, 16<<10)
	}
}

func TestUnreadOfWhatIsNoSocket(t *testing.T) {
	if got := socket.Unread(-1); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}

func TestDescriptorsMaxIsTheLimitOfTheProcess(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if got := socket.DescriptorsMax(); got != limit.Cur {
		t.Errorf("got %d, want %d", got, limit.Cur)
	}
}

func TestTheCallsOfTheSteadyStateAllocateNothing(t *testing.T) {
	e := connect(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	data, b, file := []byte("data"), make([]byte, 100), fileOf(t, "data")
	allocations := testing.AllocsPerRun(100, func() {
		_, _ = socket.Send(e.client, data)
		if n, _ := socket.Recv(e.server, b, 0); !bytes.Equal(b[:n], data) {
			t.Errorf("got %q, want %q", b[:n], data)
		}
		_, _ = socket.Recv(e.server, b, unix.MSG_PEEK)
		_ = socket.Unread(e.server)
		_, _ = socket.SendFile(e.client, file, 0, len(data))
		_, _ = socket.Recv(e.server, b, 0)
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

func TestTheAddressThatAPeerConnectedTo(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			listener, reachable := listenFor(t, address)
			client := open(t, reachable)
			await(t, listener, unix.POLLIN)
			var from unix.RawSockaddrAny
			server, _ := socket.Accept(listener, &from)
			defer socket.Close(server)
			if got := string(socket.AppendLocal([]byte("at "), server)); got != "at "+reachable {
				t.Errorf("got %q, want %q", got, "at "+reachable)
			}
			if got := string(socket.AppendLocal(nil, client)); got == reachable {
				t.Errorf("the client's own: got %q, want another port", got)
			}
		})
	}
	e := connect(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	for _, fd := range []int32{e.server, -1} {
		if got := string(socket.AppendLocal(nil, fd)); got != "localhost" {
			t.Errorf("without an address: got %q, want localhost", got)
		}
	}
}

// TestASocketOfBothFamiliesTellsIPv4InItsOwnForm, not as a mapped IPv6 address.
func TestASocketOfBothFamiliesTellsIPv4InItsOwnForm(t *testing.T) {
	ls, err := socket.Listen(":0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseListeners(ls)
	_, port, err := net.SplitHostPort(string(socket.AppendLocal(nil, int32(ls[0].File.Fd()))))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var from unix.RawSockaddrAny
	server, errno := socket.Accept(int32(ls[0].File.Fd()), &from)
	if errno != socket.OK {
		t.Fatal(errno)
	}
	defer socket.Close(server)
	if got, want := string(socket.AppendLocal(nil, server)), "127.0.0.1:"+port; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsNoAddress(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 108)
	for _, text := range []string{"", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1]", "unix:", "unix:/" + string(long)} {
		t.Run(fmt.Sprintf("%.20q", text), func(t *testing.T) {
			if a, err := socket.ParseAddress(text); err == nil {
				t.Errorf("got %v, want an error", a)
			}
		})
	}
}
