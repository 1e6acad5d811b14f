package program

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports lie below those that the kernel gives to clients (man 7 ip, ip_local_port_range), which come and go. They are
// claimed in blocks.
const (
	portsFrom, portsTo = 12_000, 32_000
	blockPorts         = 10
	blocks             = (portsTo - portsFrom) / blockPorts
)

// Ports are some in a row of 127.0.0.1 at which nothing listened when they were claimed. No other process that asks this
// package gets one of them before Release, or before this process has ended: each claim is a socket with a name that all
// processes of the network namespace see.
type Ports struct {
	First  int
	claims []net.Listener
}

// FreePorts claims count ports in a row.
func FreePorts(count int) (*Ports, error) {
	wanted := (count + blockPorts - 1) / blockPorts
	begin := rand.IntN(blocks)
	var last error
	for i := range blocks {
		block := (begin + i) % blocks
		if block+wanted > blocks {
			continue
		}
		ports, err := claim(block, wanted)
		if err == nil {
			err = areFree(ports.First, count)
		}
		if err == nil {
			return ports, nil
		}
		ports.Release()
		last = err
	}
	return nil, fmt.Errorf("find %d free ports in a row: %w", count, last)
}

// claim takes blocks in a row. Those that it has got when there is an error are to be released.
func claim(block, count int) (*Ports, error) {
	p := &Ports{First: portsFrom + block*blockPorts}
	for i := range count {
		name := "@percore-ports-" + strconv.Itoa(p.First+i*blockPorts) // man 7 unix, abstract: it is gone with the process
		socket, err := net.Listen("unix", name)
		if err != nil {
			return p, fmt.Errorf("claim ports: %w", err)
		}
		p.claims = append(p.claims, socket)
	}
	return p, nil
}

// areFree looks whether something listens at one of the ports, be it at all addresses.
func areFree(first, count int) error {
	for port := first; port < first+count; port++ {
		listener, err := net.Listen("tcp", Loopback(port))
		if err == nil {
			err = listener.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Release lets others have the ports. It may be called again.
func (p *Ports) Release() {
	for _, socket := range p.claims {
		_ = socket.Close() // nothing was ever sent through it
	}
	p.claims = nil
}

// Loopback is the address of a port of 127.0.0.1.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
