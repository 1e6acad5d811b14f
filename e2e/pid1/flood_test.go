package pid1

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/flood"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

// stopsPerCell is how often each kind of stop under a flood is tried; docs/zero-loss.md has the figures of more.
var stopsPerCell = flag.Int("stops", 5, "how often each kind of stop under a flood is tried")

// unprivileged is in front of a percore that has no capability and can get none.
var unprivileged = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"}

// site is where percore and its clients are.
type site struct {
	percore    func(func() error) error // runs something in percore's namespace
	socket     func(int) (int, error)   // opens a client's socket
	ipv4, ipv6 string                   // of percore
	connect    time.Duration
}

// loopback is the machine's own.
func loopback() site {
	return site{percore: func(f func() error) error { return f() }, ipv4: "127.0.0.1", ipv6: "::1"}
}

// roundTrip is what a handshake takes on the slow cable.
const roundTrip = 30 * time.Millisecond

// slowCable has percore and its clients in two network namespaces, whose only connection is slow.
func slowCable(t *testing.T) site {
	t.Helper()
	kit.NeedPID1(t)
	var ends [2]*flood.Namespace
	for i := range ends {
		var err error
		if ends[i], err = flood.NewNamespace(); err != nil {
			t.Skip("SKIPPED: a network namespace takes root and iproute2:", err)
		}
		t.Cleanup(ends[i].Close)
	}
	cable, err := flood.NewCable(ends[0], ends[1], roundTrip/2)
	if err != nil {
		t.Skip("SKIPPED: a slow connection takes /dev/net/tun and iproute2:", err)
	}
	t.Cleanup(cable.Close)
	return site{percore: ends[1].Do, socket: ends[0].Socket, ipv4: flood.FarIPv4, ipv6: flood.FarIPv6, connect: time.Second}
}

func TestAStopUnderAFloodOfConnectionsResetsNone(t *testing.T) {
	rig.Need(t, "a percore without privileges", "setpriv", "--version")
	for _, place := range []struct {
		name string
		site func(*testing.T) site
	}{
		{"over loopback", func(*testing.T) site { return loopback() }},
		{"with handshakes that take 30 ms", slowCable},
	} {
		t.Run(place.name, func(t *testing.T) {
			where := place.site(t)
			for _, listen := range []string{"0.0.0.0", "::"} {
				for _, loops := range []int{1, 2} {
					t.Run(fmt.Sprintf("on %s with LOOPS=%d", listen, loops), func(t *testing.T) { where.floodStops(t, listen, loops) })
				}
			}
		})
	}
}

// floodStops stops one percore after the other under a flood.
func (where site) floodStops(t *testing.T, listen string, loops int) {
	var all flood.Result
	var longest time.Duration
	for i := range *stopsPerCell {
		client := where.ipv4
		if listen == "::" && i%2 == 0 { // the others come by IPv4 to the socket of both families
			client = where.ipv6
		}
		got, took := where.floodStop(t, listen, loops, netip.MustParseAddr(client))
		longest = max(longest, took)
		all.Answered, all.Lost, all.Refused = all.Answered+got.Answered, all.Lost+got.Lost, all.Refused+got.Refused
		all.Ignored, all.Failed = all.Ignored+got.Ignored, all.Failed+got.Failed
		if got.Lost+got.Failed > 0 {
			t.Errorf("stop %d: got %v, want none lost and none failed", i, got)
		}
	}
	t.Logf("%d stops: %v; the longest took %v", *stopsPerCell, all, longest.Round(time.Millisecond))
}

// floodStop stops one percore under a flood and says what became of the connections, and how long the stop took.
func (where site) floodStop(t *testing.T, listen string, loops int, client netip.Addr) (flood.Result, time.Duration) {
	var s *service
	err := where.percore(func() error {
		port := strconv.Itoa(rig.FreePorts(t, 10))
		s = startUnder(t, unprivileged, env{
			"PERCORE_LISTEN": net.JoinHostPort(listen, port), "PERCORE_LOOPS": strconv.Itoa(loops), "PERCORE_WORKERS": "2",
		}, "demo")
		s.Address = net.JoinHostPort("127.0.0.1", port)
		s.AwaitReady(2)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run := flood.Start(flood.Options{Address: netip.AddrPortFrom(client, uint16(s.Port())), Connect: where.connect, Socket: where.socket})
	s.Await("the flood", func() bool { return run.Answered() >= 200 })
	began := time.Now()
	code := s.Stop()
	took := time.Since(began)
	s.Await("a client to be refused", func() bool { return run.Refused() > 0 })
	got := run.Stop()
	if code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	return got, took
}

// TestConnectionsSurviveAFrontDoorThatDiesDuringTheStop has the front door stand still, so that all that connect wait in the
// kernel's queue; then it dies, after the stop has begun. Its successor finds them.
func TestConnectionsSurviveAFrontDoorThatDiesDuringTheStop(t *testing.T) {
	rig.Need(t, "a percore without privileges", "setpriv", "--version")
	s := startUnder(t, unprivileged, env{"PERCORE_WORKERS": "1", "PERCORE_LOOPS": "2"}, "demo")
	s.AwaitReady(1)
	front := s.Front().PID
	if err := syscall.Kill(front, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.Await("the front door to stand still", func() bool { return standsStill(front) })
	var waiting []net.Conn
	for range 20 {
		c := s.Connect()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.Address)
		waiting = append(waiting, c)
	}
	s.Signal(syscall.SIGTERM)
	s.Await("clients to be refused", func() bool {
		c, err := net.Dial("tcp", s.Address)
		if err == nil {
			_ = c.Close()
		}
		return errors.Is(err, unix.ECONNREFUSED)
	})
	if err := syscall.Kill(front, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for i, c := range waiting {
		answer := make([]byte, 4096)
		if n, err := c.Read(answer); err != nil || greetingIn(answer[:n]) != nil {
			t.Errorf("connection %d: got %q and %v, want its answer", i, answer[:n], err)
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

// standsStill tells whether every thread of a process is stopped: the signal is on its way to the others when one has it.
func standsStill(pid int) bool {
	threads := proc.ThreadStatuses(pid)
	return len(threads) > 0 && !slices.ContainsFunc(threads, func(thread proc.Fields) bool {
		return !strings.HasPrefix(thread["State"], "T")
	})
}
