package tough

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

var besiegers = flag.Int("besiegers", 0, "how many clients besiege containers with 64 and 512 MB; 0 is a small siege of the small one")

// siege is a crowd of besiegers in a process of its own.
type siege struct {
	*testing.T
	command *exec.Cmd
	stdin   io.Closer
	said    bytes.Buffer
	lifted  sync.Once
}

func besiege(t *testing.T, address, attack string, clients int) *siege {
	t.Helper()
	s := &siege{T: t, command: exec.Command(testBinary(t), besieger, address, attack, strconv.Itoa(clients))}
	s.command.Stdout, s.command.Stderr = &s.said, os.Stderr
	stdin, err := s.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdin = stdin
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.lift)
	return s
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *siege) lift() {
	s.lifted.Do(func() {
		s.stdin.Close()
		if err := s.command.Wait(); err != nil {
			s.Errorf("besiegers: %v", err)
		}
	})
}

// guests are how long honest requests took.
type guests struct {
	mu     sync.Mutex // guards the rest
	took   []time.Duration
	faults []string
}

func (v *guests) note(what string, start time.Time, err error) {
	took := time.Since(start)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.took = append(v.took, took)
	if err != nil {
		v.faults = append(v.faults, fmt.Sprintf("%s after %v: %v", what, took, err))
	}
}

// at is what so large a share of the requests took at most.
func (v *guests) at(share float64) time.Duration {
	slices.Sort(v.took)
	return v.took[int(share*float64(len(v.took)-1))].Round(100 * time.Microsecond)
}

// callEvery is how often a GET is sent on a connection of its own, whether or not the last is answered, and one on a kept connection, if it is.
const callEvery = 50 * time.Millisecond

func callOn(address string, span time.Duration) *guests {
	v := &guests{}
	var all sync.WaitGroup
	turns := make(chan time.Time)
	all.Go(func() {
		kept := &keptConn{address: address}
		defer kept.close()
		for start := range turns {
			v.note("a GET on a kept connection", start, kept.request())
		}
	})
	ticker := time.NewTicker(callEvery)
	defer ticker.Stop()
	for end := time.Now().Add(span); time.Now().Before(end); <-ticker.C {
		start := time.Now()
		all.Go(func() {
			own := &keptConn{address: address}
			defer own.close()
			v.note("a GET of its own", start, own.request())
		})
		select {
		case turns <- start:
		default:
		}
	}
	close(turns)
	all.Wait()
	return v
}

// keptConn is a connection that is opened when it is needed.
type keptConn struct {
	address string
	c       net.Conn
}

func (k *keptConn) close() {
	if k.c != nil {
		k.c.Close()
		k.c = nil
	}
}

// request sends a GET and reads the answer. A connection that was closed between two requests is opened again.
func (k *keptConn) request() error {
	wasOpen := k.c != nil
	err := k.once()
	if err != nil && wasOpen {
		k.close()
		err = k.once()
	}
	if err != nil {
		k.close()
	}
	return err
}

func (k *keptConn) once() (err error) {
	if k.c == nil {
		if k.c, err = net.DialTimeout("tcp", k.address, rig.Patience); err != nil {
			return err
		}
	}
	_ = k.c.SetDeadline(time.Now().Add(rig.Patience))
	if _, err := io.WriteString(k.c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	got := ""
	for b := make([]byte, 4096); !strings.HasSuffix(got, "\r\n\r\nok"); {
		n, err := k.c.Read(b)
		if got += string(b[:n]); err != nil {
			return fmt.Errorf("after %q: %w", got, err)
		}
	}
	return nil
}

// TestASiegeKeepsNobodyOut has clients in a process of their own use up what a container with so much memory has, by waiting, over and
// over; percore and its workers are in the container's cgroup. Every other GET is answered within a second all the same. With -besiegers it
// is the siege of docs/limits.md.
func TestASiegeKeepsNobodyOut(t *testing.T) {
	memories, clients, span := []int{64}, 500, time.Second
	most := rig.Patience / 6 // on a machine that is busy
	if *besiegers > 0 {
		memories, clients, span, most = []int{64, 512}, *besiegers, 6*time.Second, time.Second
	}
	for _, memory := range memories {
		for _, a := range attacks {
			t.Run(fmt.Sprintf("%d MB, %s", memory, a.name), func(t *testing.T) {
				group := newCgroup(t, "memory")
				group.set("memory.limit_in_bytes", "memory.max", fmt.Sprintf("%dM", memory))
				s := start(t, rig.Setup{
					Wrapper: group.enter(), Args: []string{testBinary(t), siegeWorker, "{port}"},
					Env: map[string]string{"PERCORE_WORKERS": "2", "GOMAXPROCS": "2"},
				})
				s.AwaitAnswer()
				camp := besiege(t, s.Address, a.name, clients)
				time.Sleep(2 * time.Second) // in which it begins
				before := s.cpu(camp)
				v := callOn(s.Address, span)
				spent := s.cpu(camp)
				camp.lift()
				t.Logf("%d GETs, %d failed, median %v, 99 %% %v, longest %v; %s attacks; CPU seconds in %v: %s",
					len(v.took), len(v.faults), v.at(0.5), v.at(0.99), v.at(1), strings.TrimSpace(camp.said.String()), span, spent.since(before))
				for _, fault := range v.faults[:min(len(v.faults), 5)] {
					t.Error(fault)
				}
				if longest := v.at(1); longest > most {
					t.Errorf("the longest GET took %v, want %v at most", longest, most)
				}
				if *besiegers == 0 {
					s.expectStop()
				}
			})
		}
	}
}

// spending is the CPU time of some processes, by what they are.
type spending map[string]time.Duration

func (s *service) cpu(camp *siege) spending {
	list := spending{"besiegers": proc.CPUTime(camp.command.Process.Pid), "PID 1": proc.CPUTime(s.PID)}
	for _, pid := range proc.Children(s.PID) {
		name := "workers"
		if proc.Executable(pid) == kit.Percore {
			name = "front door"
		}
		list[name] += proc.CPUTime(pid)
	}
	return list
}

func (after spending) since(before spending) string {
	var parts []string
	for name, spent := range after {
		parts = append(parts, fmt.Sprintf("%s %.1f", name, (spent-before[name]).Seconds()))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
