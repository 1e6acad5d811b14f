package reaper_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

// daemons are the ways in which programs leave their parent's group and session. Each prints the pid of what it
// leaves.
var daemons = map[string]string{
	"a session of its own":              `setsid sh -c 'echo $$; exec sleep 60' & wait $!; sleep 60`,
	"a double fork":                     `( setsid sh -c 'echo $$; exec sleep 60' & ) ; sleep 60`,
	"nohup, in a session of its own":    `( nohup setsid sh -c 'echo $$ >&2; exec sleep 60' 2>&1 >/dev/null & ) ; sleep 60`,
	"without its environment":           `( env -i setsid sh -c 'echo $$; exec sleep 60' & ) ; sleep 60`,
	"without its mark":                  `( prlimit --rttime=unlimited: setsid sh -c 'echo $$; exec sleep 60' & ) ; sleep 60`,
	"that ignores all but KILL":         `( setsid sh -c 'trap "" TERM INT HUP; echo $$; while :; do sleep 1; done' & ) ; sleep 60`,
	"a stopped one":                     `( setsid sh -c 'echo $$; kill -STOP $$; sleep 60' & ) ; sleep 60`,
	"a child of a daemon":               `( setsid sh -c 'setsid sh -c "echo \$\$; exec sleep 60" & wait' & ) ; sleep 60`,
	"a child of one that has ended too": `( setsid sh -c '( setsid sh -c "echo \$\$; exec sleep 60" & )' & ) ; sleep 60`,
}

// whole starts a shell script all of whose descendants end with it.
func whole(t *testing.T, r *reaper.Reaper, script string, more func(*reaper.Spec)) (*reaper.Process, *bufio.Reader, <-chan reaper.Exit) {
	t.Helper()
	reader, writer := pipe(t)
	exits := make(chan reaper.Exit, 2)
	spec := reaper.Spec{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Files: []*os.File{nil, writer, os.Stderr},
		KillLeftovers: true, KillDescendants: true, Exited: func(e reaper.Exit) { exits <- e },
	}
	if more != nil {
		more(&spec)
	}
	p, err := r.Spawn(spec)
	if err != nil {
		t.Fatalf("spawn %q: %v", script, err)
	}
	writer.Close()
	return p, bufio.NewReader(reader), exits
}

func readLine(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("read a line: %v", err)
	}
	return strings.TrimSpace(line)
}

func readNumber(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	n, err := strconv.Atoi(readLine(t, r))
	if err != nil {
		t.Fatalf("read a number: %v", err)
	}
	return n
}

func TestWhatAChildStartedIsGoneWithItWhateverItsSession(t *testing.T) {
	for _, way := range []string{"killed from outside", "killed by percore", "stopped by percore"} {
		for name, script := range daemons {
			t.Run(way+": "+name, func(t *testing.T) {
				if strings.Contains(script, "prlimit") {
					needs(t, "prlimit")
				}
				r := adopter(t)
				p, out, exits := whole(t, r, script, nil)
				daemon := readNumber(t, out)
				switch way {
				case "killed from outside":
					_ = syscall.Kill(p.PID(), syscall.SIGKILL)
				case "killed by percore":
					_ = p.Signal(syscall.SIGKILL)
				default:
					_ = p.Stop(syscall.SIGTERM)
					if strings.HasPrefix(name, "that ignores") {
						eventually(t, "the leader has ended", func() bool { return syscall.Kill(p.PID(), 0) == syscall.ESRCH })
						expectNone(t, exits)
						if err := p.Signal(syscall.SIGKILL); err != nil {
							t.Errorf("kill what is left: got %v, want success", err)
						}
					}
				}
				e := await(t, exits)
				if !isGone(daemon) {
					t.Errorf("the daemon, when the end is reported: got state %q, want it gone", stateOf(daemon))
					_ = syscall.Kill(daemon, syscall.SIGKILL)
				}
				if !strings.Contains(e.Leftovers, strconv.Itoa(daemon)) {
					t.Errorf("leftovers: got %q, want %d among them", e.Leftovers, daemon)
				}
			})
		}
	}
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("SKIPPED:", err)
	}
}

func expectNone(t *testing.T, exits <-chan reaper.Exit) {
	t.Helper()
	select {
	case e := <-exits:
		t.Fatalf("got the end %v reported, want it held back while something is left", e)
	case <-time.After(50 * time.Millisecond):
	}
}

// TestTheLeaderIsAskedFirst: a program that ends its own children in order must not see them die of the same signal.
// Where its group is asked together with it, it waits for its member.
func TestTheLeaderIsAskedFirst(t *testing.T) {
	const script = `trap 'echo leader; %s; exit 0' TERM
sh -c 'trap "echo member; exit 0" TERM; echo up; while :; do sleep 0.05; done' & member=$!
( setsid sh -c 'trap "echo daemon; exit 0" TERM; echo up; while :; do sleep 0.05; done' & )
while :; do sleep 0.05; done`
	for name, c := range map[string]struct {
		group        bool
		await, first string
	}{
		"by default": {false, "sleep 0.2", "leader"},
		"as a group": {true, "wait $member", "leader member"},
	} {
		t.Run(name, func(t *testing.T) {
			r := adopter(t)
			p, out, exits := whole(t, r, fmt.Sprintf(script, c.await), func(s *reaper.Spec) { s.StopAsGroup = c.group })
			for range 2 {
				readLine(t, out)
			}
			_ = p.Stop(syscall.SIGTERM)
			var order []string
			for range 3 {
				order = append(order, readLine(t, out))
			}
			e := await(t, exits)
			got := order[:1]
			if c.group {
				if got = order[:2]; got[0] == "member" {
					got = []string{got[1], got[0]}
				}
			}
			if strings.Join(got, " ") != c.first || e.Code != 0 {
				t.Errorf("the order in which they were told: got %q and code %d, want %s first and 0", order, e.Code, c.first)
			}
		})
	}
}

// TestWhatForksWhileItIsKilledIsKilled has a daemon that replaces itself over and over, and says so if it gets to the
// end of its life. It is hunted for a second, which may be too little on a slow machine, so there are several tries.
func TestWhatForksWhileItIsKilledIsKilled(t *testing.T) {
	needs(t, "python3")
	for try := range 3 {
		caught := false
		t.Run(fmt.Sprint("try ", try), func(t *testing.T) { caught = catchesTheHare(t) })
		if caught {
			return
		}
	}
	t.Error("got a daemon that lives to its end, want it killed")
}

func catchesTheHare(t *testing.T) bool {
	const hare = `import os, sys, time
if os.fork(): time.sleep(60)
os.setsid()
print("up", flush=True)
end = time.time() + 10
while time.time() < end:
    if os.fork(): os._exit(0)
    os.setsid()
print("over", flush=True)
`
	r := adopter(t)
	p, out, exits := whole(t, r, "exec python3 -c '"+hare+"'", nil)
	readLine(t, out)
	_ = syscall.Kill(p.PID(), syscall.SIGKILL)
	await(t, exits)
	said, err := io.ReadAll(out) // until no process has the other end any more
	if err != nil {
		t.Fatal(err)
	}
	return len(said) == 0
}

func TestSiblingsAreNoLeftovers(t *testing.T) {
	r := adopter(t)
	sibling, out, other := whole(t, r, `( setsid sh -c 'echo $$; exec sleep 60' & ) ; sleep 60`, nil)
	daemon := readNumber(t, out)
	p, _, exits := whole(t, r, `exec sleep 60`, nil)
	_ = syscall.Kill(p.PID(), syscall.SIGKILL)
	if e := await(t, exits); e.Leftovers != "" {
		t.Errorf("leftovers: got %q, want none", e.Leftovers)
	}
	if isGone(daemon) {
		t.Error("the sibling's daemon: got it gone, want it to live")
	}
	expectNone(t, other)
	_ = sibling.Signal(syscall.SIGKILL)
	await(t, other)
}

func TestAChildInheritsItsMarkAndPercoreKeepsNone(t *testing.T) {
	r := adopter(t)
	spec := reaper.Spec{Path: "/bin/sh", Env: os.Environ(), KillLeftovers: true, KillDescendants: true}
	spec.Args = []string{"sh", "-c", `grep "realtime timeout" /proc/self/limits; echo $PERCORE_WORKER_MARK`}
	got := strings.Fields(output(t, r, spec))
	limit, mark := got[3], got[len(got)-1]
	if n, err := strconv.ParseUint(limit, 10, 64); err != nil || strconv.FormatUint(n, 16) != mark {
		t.Errorf("the limit and the variable: got %s and %s, want the same number, in hexadecimal there", limit, mark)
	}
	ours, err := os.ReadFile("/proc/self/limits")
	if err != nil || strings.Contains(string(ours), limit) {
		t.Errorf("our own limits: got %v and %s, want the mark to be gone", err, ours)
	}
}
