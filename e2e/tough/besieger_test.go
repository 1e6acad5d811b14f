package tough

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/siege"
)

// besieger is the first argument that makes this test binary a crowd of clients that wait; siege_test.go starts it.
const besieger = "besieger"

const (
	dripMillis  = 100
	pauseMillis = 1_000 // from the end of a connection to the next
)

// crowd is the besiegers: one thread has all of them, as it is not they who are to be short of CPU.
type crowd struct {
	siege.Attack
	address unix.Sockaddr
	epoll   int
	clients []client
	charges int // connections so far
	scratch [64 << 10]byte
}

type client struct {
	fd   int    // -1 between two connections
	left string // of what the attack says
	due  int64  // when it connects, or drips, in milliseconds
}

// runBesieger takes an address, an attack's name and how many clients there are. It ends with its standard input, and says how many
// connections there were.
func runBesieger(arguments []string) error {
	count, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	address, err := netip.ParseAddrPort(arguments[0])
	if err != nil {
		return err
	}
	c := &crowd{address: &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}, clients: make([]client, count)}
	for _, a := range siege.Attacks() {
		if a.Name == arguments[1] {
			c.Attack = a
		}
	}
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		over <- err
	}()
	err = c.run(over)
	fmt.Println(c.charges)
	return err
}

func millis() int64 { return time.Now().UnixMilli() }

// run has the clients come within the first second, so that not all do the same in the same moment.
func (c *crowd) run(over <-chan error) error {
	for i := range c.clients {
		c.clients[i] = client{fd: -1, due: millis() + int64(i*pauseMillis/len(c.clients))}
	}
	var events [512]unix.EpollEvent
	for {
		n, err := unix.EpollWait(c.epoll, events[:], 5)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("epoll_wait", err)
		}
		for _, e := range events[:max(n, 0)] {
			if err := c.handle(&c.clients[e.Fd], e.Events); err != nil {
				return err
			}
		}
		for i, now := 0, millis(); i < len(c.clients); i++ {
			if v := &c.clients[i]; v.due <= now {
				if err := c.act(i, v, now); err != nil {
					return err
				}
			}
		}
		select {
		case err := <-over:
			return err
		default:
		}
	}
}

const never = 1 << 62

// act is for a client that is due.
func (c *crowd) act(i int, v *client, now int64) error {
	if v.fd < 0 {
		return c.connect(i, v)
	}
	v.due = now + dripMillis
	if _, err := unix.Write(v.fd, []byte(c.Drip)); err != nil && !errors.Is(err, unix.EAGAIN) {
		v.end(now)
	}
	return nil
}

func (c *crowd) connect(i int, v *client) (err error) {
	if v.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	c.charges++
	v.left, v.due = c.Says, never
	mask := uint32(unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff)
	if c.Deaf {
		mask &^= unix.EPOLLIN
		_ = unix.SetsockoptInt(v.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	}
	if err = unix.Connect(v.fd, c.address); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		v.end(millis()) // no port is free, say
		return nil
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, v.fd, &unix.EpollEvent{Events: mask, Fd: int32(i)}))
}

// end has the client come back after the pause.
func (v *client) end(now int64) {
	unix.Close(v.fd)
	v.fd, v.due = -1, now+pauseMillis
}

func (c *crowd) handle(v *client, events uint32) error {
	switch {
	case v.fd < 0:
		return nil
	case events&(unix.EPOLLHUP|unix.EPOLLERR) != 0, c.Deaf && events&unix.EPOLLRDHUP != 0:
		v.end(millis())
		return nil
	}
	if events&unix.EPOLLIN != 0 && c.hasEnded(v) {
		v.end(millis())
		return nil
	}
	if events&unix.EPOLLOUT != 0 && v.left != "" {
		n, err := unix.Write(v.fd, []byte(v.left))
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			v.end(millis())
			return nil
		}
		if v.left = v.left[max(n, 0):]; v.left == "" && c.Drip != "" {
			v.due = millis() + dripMillis
		}
	}
	return nil
}

// hasEnded reads all that is there. A client that drips goes on behind the end of the front door's side.
func (c *crowd) hasEnded(v *client) bool {
	for {
		n, err := unix.Read(v.fd, c.scratch[:])
		switch {
		case n > 0:
		case errors.Is(err, unix.EAGAIN):
			return false
		case err == nil:
			return c.Drip == ""
		default:
			return true
		}
	}
}
