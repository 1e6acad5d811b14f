package flood

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Cable is a slow connection between two namespaces: what goes in at one end comes out at the other after a delay. It is made
// of two TUN devices, so that no kernel module for delays is needed.
type Cable struct{ ends [2]*os.File }

// The addresses of a cable's two ends.
const (
	NearIPv4, NearIPv6 = "10.99.0.1", "fd99::1"
	FarIPv4, FarIPv6   = "10.99.0.2", "fd99::2"
)

const (
	packetBytesMax  = 1 << 16
	packetsUnderWay = 1 << 14 // what a cable holds; more is lost, as on any
)

// NewCable connects two namespaces; a round trip takes twice the delay.
func NewCable(near, far *Namespace, delay time.Duration) (*Cable, error) {
	c := &Cable{}
	for i, end := range []struct {
		n          *Namespace
		ipv4, ipv6 string
	}{{near, NearIPv4, NearIPv6}, {far, FarIPv4, FarIPv6}} {
		err := end.n.Do(func() (err error) { c.ends[i], err = openTUN("slow0"); return err })
		for _, command := range [][]string{
			{"ip", "address", "add", end.ipv4 + "/24", "dev", "slow0"},
			{"ip", "-6", "address", "add", end.ipv6 + "/64", "dev", "slow0", "nodad"},
			{"ip", "link", "set", "slow0", "up", "txqueuelen", "10000"},
		} {
			if err == nil {
				err = end.n.Run(command...)
			}
		}
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("lay cable: %w", err)
		}
	}
	go carry(c.ends[0], c.ends[1], delay)
	go carry(c.ends[1], c.ends[0], delay)
	return c, nil
}

// openTUN makes a TUN device in the caller's namespace (Linux Documentation/networking/tuntap.rst).
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make TUN device: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// packet is one that is under way.
type packet struct {
	due  time.Time
	data []byte
}

// carry takes packets from one end to the other until the cable is cut.
func carry(from, to *os.File, delay time.Duration) {
	underWay := make(chan packet, packetsUnderWay)
	defer close(underWay)
	go func() {
		for p := range underWay {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write(p.data) // what does not get through is lost, as on any cable
		}
	}()
	buffer := make([]byte, packetBytesMax)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case underWay <- packet{time.Now().Add(delay), append([]byte(nil), buffer[:n]...)}:
		default:
		}
	}
}

// Close cuts the cable.
func (c *Cable) Close() {
	for _, end := range c.ends {
		if end != nil {
			_ = end.Close()
		}
	}
}
