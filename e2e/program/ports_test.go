package program

import (
	"net"
	"slices"
	"testing"
)

func TestPortsAreClaimedUntilTheyAreReleased(t *testing.T) {
	first, err := claim(0, 2)
	if err != nil {
		first.Release()
		t.Skip("SKIPPED: another process has the first ports:", err)
	}
	defer first.Release()
	second, err := claim(1, 1)
	if second.Release(); err == nil {
		t.Error("got a block twice")
	}
	first.Release()
	first.Release()
	second, err = claim(1, 1)
	if second.Release(); err != nil {
		t.Errorf("after its release: got %v, want the block", err)
	}
}

func TestFreePortsAreInARowAndNobodyElses(t *testing.T) {
	var seen []int
	for _, count := range []int{1, 10, 32} {
		ports, err := FreePorts(count)
		if err != nil {
			t.Fatal(err)
		}
		defer ports.Release()
		for port := ports.First; port < ports.First+count; port++ {
			listener, err := net.Listen("tcp", Loopback(port))
			if err != nil || slices.Contains(seen, port) || port < portsFrom || port >= portsTo {
				t.Errorf("port %d: got %v, want a free one of its own", port, err)
				continue
			}
			defer listener.Close()
			seen = append(seen, port)
		}
	}
	if _, err := FreePorts(portsTo); err == nil {
		t.Error("more ports than there are: got no error")
	}
}

func TestAPortOnWhichSomethingListensIsNotFree(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if port := listener.Addr().(*net.TCPAddr).Port; areFree(port, 1) == nil {
		t.Errorf("port %d: got it free, though something listens on all addresses", port)
	}
}
