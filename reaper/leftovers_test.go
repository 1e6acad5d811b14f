package reaper_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/reaper"
)

// guarded starts a shell script whose process group ends with it.
func guarded(t *testing.T, r *reaper.Reaper, script string, files ...*os.File) (*reaper.Process, <-chan reaper.Exit) {
	t.Helper()
	exits := make(chan reaper.Exit, 2)
	p, err := r.Spawn(reaper.Spec{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Files: files, KillLeftovers: true,
		Exited: func(e reaper.Exit) { exits <- e },
	})
	if err != nil {
		t.Fatalf("spawn %q: %v", script, err)
	}
	return p, exits
}

// adopter makes this process adopt orphans for the length of a test, as PID 1 does.
func adopter(t *testing.T) *reaper.Reaper {
	t.Helper()
	if err := reaper.Subreaper(); err != nil {
		t.Fatal(err)
	}
	r := start(t)
	t.Cleanup(func() { eventually(t, "all are reaped", noChildren) })
	return r
}

// isGone reports whether nothing is left of a process but, if anything, a zombie that will be reaped.
func isGone(pid int) bool {
	state := stateOf(pid)
	return state == 0 || state == 'Z'
}

func TestWhatIsLeftOfAGroupIsGoneBeforeItsLeadersEndIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   string
	}{
		"the leader exits":                          {`sleep 60 & echo $!; exit 3`, "exited with code 3"},
		"the leader is killed":                      {`sleep 60 & echo $!; kill -KILL $$`, "killed by SIGKILL"},
		"the leader is stopped by what it left":     {`(trap "" TERM HUP INT; sleep 60 & echo $!; kill -TERM $$; wait) & wait`, "killed by SIGTERM"},
		"a grandchild of the leader ignores TERM":   {`sh -c 'trap "" TERM; sleep 60 & echo $!; exit 0'; exit 4`, "exited with code 4"},
		"the group has a stopped process, as by ^Z": {`sleep 60 & kill -STOP $!; echo $!; exit 5`, "exited with code 5"},
	} {
		t.Run(name, func(t *testing.T) {
			r := adopter(t)
			reader, writer := pipe(t)
			_, exits := guarded(t, r, c.script, nil, writer, os.Stderr)
			writer.Close()
			left := readPID(t, reader)
			e := await(t, exits)
			if !isGone(left) {
				t.Errorf("the process that was left, when the end is reported: got state %q, want it gone", stateOf(left))
			}
			if got := e.String(); got != c.want {
				t.Errorf("the leader's end: got %q, want %q", got, c.want)
			}
			if !strings.Contains(e.Leftovers, itoa(left)) {
				t.Errorf("leftovers: got %q, want %d among them", e.Leftovers, left)
			}
		})
	}
}

// The more zombies there are, the longer a look at all of /proc takes: those of strangers must not wait for it.
func TestStrangersAreReapedBeforeAFamilyIsLookedFor(t *testing.T) {
	r := adopter(t)
	resume := make(chan struct{})
	defer close(resume)
	blocker := spawnSpec(t, r, reaper.Spec{
		Args:   []string{"sh", "-c", "exec sleep 60"},
		Exited: func(reaper.Exit) { <-resume }, // what keeps the reaper busy
	})
	var strangers []int
	left := make(chan int, 1)
	worker := spawnSpec(t, r, reaper.Spec{
		Args: []string{"sh", "-c", "exec sleep 60"}, KillLeftovers: true,
		Exited: func(reaper.Exit) {
			left <- len(slices.DeleteFunc(strangers, func(pid int) bool { return stateOf(pid) == 0 }))
		},
	})
	reader, writer := pipe(t)
	_, orphaned := spawn(t, r, `for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 >&- & echo $!; done`, nil, writer)
	writer.Close()
	await(t, orphaned)
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		pid, _ := strconv.Atoi(lines.Text())
		strangers = append(strangers, pid)
	}
	kill(t, blocker.PID())
	eventually(t, "the reaper is busy", func() bool { return stateOf(blocker.PID()) == 0 })
	for _, pid := range append(slices.Clone(strangers), worker.PID()) {
		kill(t, pid)
		eventually(t, "a zombie", func() bool { return stateOf(pid) == 'Z' })
	}
	resume <- struct{}{}
	if got := await(t, left); got != 0 || len(strangers) != 10 {
		t.Errorf("zombies when the worker's family was looked for: got %d of %d, want 0 of 10", got, len(strangers))
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// spawnSpec starts a shell.
func spawnSpec(t *testing.T, r *reaper.Reaper, s reaper.Spec) *reaper.Process {
	t.Helper()
	s.Path, s.Env = "/bin/sh", os.Environ()
	p, err := r.Spawn(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAGroupThatEndsWithItsLeaderIsReportedAtOnce(t *testing.T) {
	r := adopter(t)
	_, exits := guarded(t, r, "true & wait; exit 7")
	if e := await(t, exits); e.Code != 7 || e.Leftovers != "" {
		t.Errorf("got %+v, want code 7 and no leftovers", e)
	}
}

func TestWhoMadeASessionOfItsOwnIsLeftAlone(t *testing.T) {
	r := adopter(t)
	reader, writer := pipe(t)
	stdin, release := gate(t)
	_, exits := guarded(t, r, `setsid sh -c 'echo $$; exec sleep 60' & read x; exit 0`, stdin, writer, os.Stderr)
	writer.Close()
	daemon := readPID(t, reader) // it has its session by now
	release.Close()
	if e := await(t, exits); e.Leftovers != "" {
		t.Error("leftovers: got some, want none: a daemon is not of the group")
	}
	if got := stateOf(daemon); got != 'S' && got != 'R' { // it may not have come to sleep yet
		t.Errorf("the daemon's state: got %q, want it alive", got)
	}
	if err := syscall.Kill(daemon, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestWithoutTheWishTheGroupOutlivesItsLeader(t *testing.T) {
	r := adopter(t)
	reader, writer := pipe(t)
	_, exits := spawn(t, r, `sleep 60 & echo $!; exit 0`, nil, writer, os.Stderr)
	writer.Close()
	left := readPID(t, reader)
	if e := await(t, exits); e.Leftovers != "" {
		t.Error("leftovers: got some, want none to be looked for")
	}
	if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
		t.Errorf("kill the survivor: got %v, want it to be alive", err)
	}
}

// TestAGrandchildDoesNotKeepThePort is what the rule is for: the port is free when the end is told.
func TestAGrandchildDoesNotKeepThePort(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED: python3 holds the port:", err)
	}
	const holder = `import os, socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
if os.fork() == 0: time.sleep(60)
print(s.getsockname()[1], flush=True)
os._exit(1)`
	r := adopter(t)
	reader, writer := pipe(t)
	exits := make(chan reaper.Exit, 1)
	if _, err := r.Spawn(reaper.Spec{
		Path: python, Args: []string{"python3", "-c", holder}, Env: os.Environ(), KillLeftovers: true,
		Files: []*os.File{nil, writer, os.Stderr}, Exited: func(e reaper.Exit) { exits <- e },
	}); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	address := net.JoinHostPort("127.0.0.1", itoa(readPID(t, reader)))
	await(t, exits)
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Errorf("dial %s after the end: got a connection, want it refused", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("listen again: got %v, want the port to be free", err)
	}
	listener.Close()
}

// TestAZombieOfACarelessParentDelaysNothing has a process of the group whose parent, in a session of its own, never
// waits for it: the group does not become empty, but what has ended holds nothing. No SIGCHLD tells of that end, and
// it comes a while after it was asked for; nothing but a look can find it.
func TestAZombieOfACarelessParentDelaysNothing(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIPPED: python3 is the careless parent:", err)
	}
	const careless = `import os, signal, time
told, tell = os.pipe()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
if os.fork() == 0:
    child = os.fork()
    if child == 0:
        os.write(tell, b".")
        signal.sigwait([signal.SIGTERM])
        time.sleep(0.3)
        os._exit(0)
    os.setsid()
    os.read(told, 1)
    print(os.getpid(), flush=True)
    time.sleep(60)
signal.sigwait([signal.SIGTERM])
os._exit(6)`
	r := adopter(t)
	reader, writer := pipe(t)
	p, exits := guarded(t, r, "exec python3 -c '"+careless+"'", nil, writer, os.Stderr)
	writer.Close()
	parent := readPID(t, reader)
	if err := p.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := await(t, exits); e.Code != 6 || e.Leftovers == "" {
		t.Errorf("got %v and %q left, want code 6 and a process left", e, e.Leftovers)
	}
	if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
