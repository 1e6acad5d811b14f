package tough

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// siegeWorker is the first argument that makes this test binary a worker for besieged front doors.
const siegeWorker = "siege-worker"

// garrison is a worker that costs next to nothing: what comes in one piece with GET is a request, and all else a body without an end.
type garrison struct {
	epoll, listener int
	answers         map[string]string // by the request's first bytes
	unsent          map[int]string    // by descriptor
	scratch         [64 << 10]byte
}

func answerOf(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// runSiegeWorker takes the port to listen on.
func runSiegeWorker(arguments []string) error {
	port, err := strconv.Atoi(arguments[0])
	if err != nil {
		return err
	}
	g := &garrison{unsent: map[int]string{}, answers: map[string]string{
		"GET /large ": answerOf(strings.Repeat("x", 256<<10)), "GET / ": answerOf("ok"),
	}}
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if g.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(g.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(g.listener, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(g.listener, 4096); err != nil {
		return os.NewSyscallError("listen", err)
	}
	g.watch(g.listener, unix.EPOLLIN)
	return g.run()
}

func (g *garrison) watch(fd int, events uint32) {
	_ = unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (g *garrison) run() error {
	var events [256]unix.EpollEvent
	for {
		n, err := unix.EpollWait(g.epoll, events[:], -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("epoll_wait", err)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == g.listener {
				g.accept()
			} else if !g.serve(int(e.Fd)) {
				delete(g.unsent, int(e.Fd))
				unix.Close(int(e.Fd))
			}
		}
	}
}

func (g *garrison) accept() {
	for {
		fd, _, err := unix.Accept4(g.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		g.watch(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET&0xffffffff)
	}
}

// serve writes and reads what it can. It reports whether the connection goes on.
func (g *garrison) serve(fd int) bool {
	for {
		if !g.flush(fd) {
			return false
		}
		n, err := unix.Read(fd, g.scratch[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return true
		case n <= 0:
			return false
		}
		for start, answer := range g.answers {
			if bytes.HasPrefix(g.scratch[:n], []byte(start)) {
				g.unsent[fd] = answer
			}
		}
	}
}

func (g *garrison) flush(fd int) bool {
	for left := g.unsent[fd]; left != ""; left = g.unsent[fd] {
		n, err := unix.Write(fd, unsafe.Slice(unsafe.StringData(left), len(left)))
		switch {
		case errors.Is(err, unix.EAGAIN):
			return true
		case err != nil:
			return false
		}
		g.unsent[fd] = left[n:]
	}
	delete(g.unsent, fd)
	return true
}
