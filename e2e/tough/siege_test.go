package tough

import (
	"bytes"
	"flag"
	"fmt"
	"io"
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
	"percore/e2e/siege"
)

var besiegers = flag.Int("besiegers", 0, "how many clients besiege containers with 64 and 512 MB; 0 is a small siege of the small one")

// camp is a crowd of besiegers in a process of its own.
type camp struct {
	*testing.T
	command *exec.Cmd
	stdin   io.Closer
	said    bytes.Buffer
	lifted  sync.Once
}

func besiege(t *testing.T, address, attack string, clients int) *camp {
	t.Helper()
	s := &camp{T: t, command: exec.Command(testBinary(t), besieger, address, attack, strconv.Itoa(clients))}
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

func (s *camp) lift() {
	s.lifted.Do(func() {
		s.stdin.Close()
		if err := s.command.Wait(); err != nil {
			s.Errorf("besiegers: %v", err)
		}
	})
}

// TestASiegeKeepsNobodyOut has clients in a process of their own use up what a container with so much memory has, by waiting, over and
// over; percore and its workers are in the container's cgroup. Every other GET is answered within a second all the same. With -besiegers it
// is the siege of docs/limits.md.
func TestASiegeKeepsNobodyOut(t *testing.T) {
	memories, clients, span := []int{64}, 500, time.Second
	most := 5 * time.Second
	if *besiegers > 0 {
		memories, clients, span, most = []int{64, 512}, *besiegers, 6*time.Second, time.Second
	}
	for _, memory := range memories {
		for _, a := range siege.Attacks() {
			t.Run(fmt.Sprintf("%d MB, %s", memory, a.Name), func(t *testing.T) {
				group := rig.NewCgroup(t, "memory")
				group.Set("memory.limit_in_bytes", "memory.max", fmt.Sprintf("%dM", memory))
				s := start(t, rig.Setup{
					Wrapper: group.Enter(), Args: []string{testBinary(t), siegeWorker, "{port}"},
					Env: map[string]string{"PERCORE_WORKERS": "2", "GOMAXPROCS": "2"},
				})
				s.AwaitAnswer()
				camp := besiege(t, s.Address, a.Name, clients)
				time.Sleep(2 * time.Second) // in which it begins
				before := s.cpu(camp)
				guests := siege.Invite(s.Address, span, 50*time.Millisecond)
				spent := s.cpu(camp)
				camp.lift()
				t.Logf("%v; %s attacks; CPU seconds in %v: %s", guests, strings.TrimSpace(camp.said.String()), span, spent.since(before))
				for _, fault := range guests.Faults[:min(len(guests.Faults), 5)] {
					t.Error(fault)
				}
				if *besiegers == 0 {
					s.expectStop()
				}
				rig.WantWithin(t, "the longest GET", guests.At(1), most)
			})
		}
	}
}

// spending is the CPU time of some processes, by what they are.
type spending map[string]time.Duration

func (s *service) cpu(camp *camp) spending {
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
