package single

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheExitCodeIsTheChilds(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name  string
		wish  wish
		words []string
		code  int
		says  string // on stderr
	}{
		{name: "success", words: []string{"exit 0"}},
		{name: "a small code", words: []string{"exit 7"}, code: 7},
		{name: "the largest code", words: []string{"exit 255"}, code: 255},
		{name: "a code that looks like a signal's", words: []string{"exit 143"}, code: 143},
		{name: "killed by TERM", words: []string{"kill -TERM $$"}, code: 143},
		{name: "killed by a real-time signal", words: []string{"kill -40 $$"}, code: 168},
		{name: "a code made another", wish: wish{Remap: map[int]int{143: 0, 3: 4}}, words: []string{"exit 3"}, code: 4},
		{name: "a signal's code made success", wish: wish{Remap: map[int]int{143: 0, 3: 4}}, words: []string{"kill -TERM $$"}},
		{name: "a code that is not in the list", wish: wish{Remap: map[int]int{143: 0, 3: 4}}, words: []string{"exit 5"}, code: 5},
		{name: "no such path", words: []string{"/no/such", "x"}, code: 127, says: "percore: exec /no/such: no such file or directory"},
		{name: "no such program", words: []string{"no-such-program", "x"}, code: 127, says: "percore: find no-such-program"},
		{name: "not found, made another", wish: wish{Remap: map[int]int{127: 9}}, words: []string{"/no/such", "x"}, code: 9, says: "/no/such"},
		{name: "not executable", words: []string{write("plain", "x", 0o644), "x"}, code: 126, says: "permission denied"},
		{name: "a script without an interpreter", words: []string{write("script", "exit $(($1 + 1))\n", 0o755), "41"}, code: 42},
		{name: "while others live on", words: []string{"sleep 0.2 & exit 6"}, code: 6},
		{name: "of a child that the shim becomes", wish: wish{Ignored: bit(syscall.SIGSEGV)}, words: []string{"exit 8"}, code: 8},
		{name: "not found by the shim", wish: wish{Ignored: bit(syscall.SIGSEGV)}, words: []string{"/no/such", "x"}, code: 127, says: "/no/such"},
		{name: "a script under the shim", wish: wish{Ignored: bit(syscall.SIGSEGV)}, words: []string{write("other", "exit 3\n", 0o755), "x"}, code: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := begin(t, tt.wish, tt.words...).start()
			_, code := r.end()
			if code != tt.code || !strings.Contains(r.stderr.String(), tt.says) || tt.says == "" && r.stderr.Len() > 0 {
				t.Errorf("got code %d, stderr %q; want %d and %q", code, r.stderr.String(), tt.code, tt.says)
			}
		})
	}
}

// recorder is a script that says which of the signals reach it; after USR2 it ends.
const recorder = `for s in HUP INT QUIT USR1 TERM WINCH CONT TSTP ALRM 40; do trap "echo $s" $s; done
trap 'echo end; exit 0' USR2; echo ready; while :; do sleep 0.01; done`

func TestSignalsReachTheChild(t *testing.T) {
	tests := []struct {
		name string
		wish wish
		sent []syscall.Signal
		want string
	}{
		{
			name: "as they come",
			sent: []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGTERM},
			want: "HUP INT QUIT USR1 TERM end",
		},
		{name: "those that usually do nothing", sent: []syscall.Signal{syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGALRM}, want: "WINCH CONT ALRM end"},
		{name: "a real-time one", sent: []syscall.Signal{40}, want: "40 end"},
		{name: "rewritten", wish: wish{Rewrite: map[int]int{15: 3}}, sent: []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, want: "QUIT INT end"},
		{name: "not those that are dropped", wish: wish{Rewrite: map[int]int{1: 0}}, sent: []syscall.Signal{syscall.SIGHUP, syscall.SIGINT}, want: "INT end"},
		{name: "once, with its group", wish: wish{Group: true}, sent: []syscall.Signal{syscall.SIGHUP}, want: "HUP end"},
		{name: "once, with its tree", wish: wish{Tree: true}, sent: []syscall.Signal{syscall.SIGHUP}, want: "HUP end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := begin(t, tt.wish, recorder).start()
			for r.line() != "ready" {
			}
			var got []string
			for _, sig := range append(tt.sent, syscall.SIGUSR2) {
				r.signal(sig)
				if tt.wish.Rewrite[int(sig)] == 0 && tt.wish.Rewrite != nil && sig == syscall.SIGHUP {
					continue // nothing to wait for
				}
				got = append(got, r.line())
			}
			if _, code := r.end(); strings.Join(got, " ") != tt.want || code != 0 {
				t.Errorf("got %q and code %d, want %q and 0", got, code, tt.want)
			}
		})
	}
}

func TestWhatWasCaughtBeforeRunIsDelivered(t *testing.T) {
	r := begin(t, wish{Release: int(syscall.SIGTERM)}, "exec sleep 60").start()
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want 143", code)
	}
}

func TestAStopIsPutDownToARequestThatWasJustSent(t *testing.T) {
	now := time.Now()
	asked := request{syscall.SIGTSTP, now}
	for name, c := range map[string]struct {
		request request
		stop    syscall.Signal
		after   time.Duration
		want    bool
	}{
		"no request":                         {request{}, syscall.SIGTSTP, 0, false},
		"at once":                            {asked, syscall.SIGTSTP, time.Millisecond, true},
		"another stop":                       {asked, syscall.SIGTTIN, time.Millisecond, false},
		"after the child handled it, Ctrl-Z": {asked, syscall.SIGTSTP, requestMax + time.Millisecond, false},
	} {
		if got := c.request.explains(c.stop, now.Add(c.after)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestSignalsGoAsFarAsTheyAreToldTo(t *testing.T) {
	// Three that say what they get: the child, one in its group, one in a session of its own. The child waits for those
	// that are told, and the signal that goes on to what is new in the tree must not cut it short.
	const script = `trap 'echo child; trap "" HUP; sleep 0.3; %s; exit 0' HUP
sh -c 'trap "echo group; exit" HUP; echo ready; while :; do sleep 0.01; done' & group=$!
setsid sh -c 'trap "echo session; exit" HUP; echo ready; while :; do sleep 0.01; done' & session=$!
while :; do sleep 0.01; done`
	tests := []struct {
		name  string
		wish  wish
		await string
		want  []string
	}{
		{"to the child alone", wish{WaitAll: true, StopTimeout: time.Second}, ":", []string{"child"}},
		{"to its group", wish{Group: true, WaitAll: true, StopTimeout: time.Second}, "wait $group", []string{"child", "group"}},
		{"to all", wish{Tree: true, WaitAll: true, StopTimeout: time.Second}, "wait $group $session", []string{"child", "group", "session"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := begin(t, tt.wish, fmt.Sprintf(script, tt.await)).start()
			r.line()
			r.line()
			r.signal(syscall.SIGHUP)
			out, code := r.end()
			got := strings.Fields(out)
			if len(got) != len(tt.want) || code != 0 {
				t.Errorf("got %q and code %d, want %q in any order and 0", got, code, tt.want)
			}
			for _, word := range tt.want {
				if strings.Count(out, word) != 1 {
					t.Errorf("%s: got %q, want it once", word, got)
				}
			}
		})
	}
}

func TestTheChildsWorldIsPercores(t *testing.T) {
	status := func(w wish, field string) string {
		r := begin(t, w, "/bin/grep", "-E", field, "/proc/self/status").start()
		out, _ := r.end()
		_, value, _ := strings.Cut(out, ":")
		return strings.TrimSpace(value)
	}
	ignored := bit(syscall.SIGUSR1) | bit(syscall.SIGPIPE) | bit(syscall.SIGTTOU) | bit(40)
	tests := []struct {
		name, field string
		wish        wish
		want        uint64
	}{
		{"nothing is blocked", "SigBlk", wish{}, 0},
		{"what was blocked still is", "SigBlk", wish{Mask: bit(syscall.SIGUSR2)}, bit(syscall.SIGUSR2)},
		{"what was blocked still is under the shim", "SigBlk", wish{Mask: bit(syscall.SIGUSR2), Ignored: bit(syscall.SIGSYS)}, bit(syscall.SIGUSR2)},
		{"nothing is ignored", "SigIgn", wish{}, 0},
		{"what was ignored still is", "SigIgn", wish{Ignored: ignored}, ignored},
		{"faults too", "SigIgn", wish{Ignored: ignored | bit(syscall.SIGSYS)}, ignored | bit(syscall.SIGSYS)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.field == "SigIgn" {
				tt.want |= libcsIgnored(t)
			}
			if got, want := status(tt.wish, tt.field), fmt.Sprintf("%016x", tt.want); got != want {
				t.Errorf("%s: got %s, want %s", tt.field, got, want)
			}
		})
	}
}

// activated starts an init with socket activation. It has to know its own pid, so a shell sets the variables and
// becomes it.
func activated(t *testing.T, variables, script string) *running {
	t.Helper()
	r := begin(t, wish{}, "/bin/sh", "-c", script)
	r.cmd.Args = append([]string{"sh", "-c", "export " + variables + `; exec "$0" "$@"`, r.cmd.Path}, r.cmd.Args[1:]...)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Args[3], r.cmd.Path = exe, "/bin/sh"
	return r
}

func TestSocketActivationIsMadeOutToTheChild(t *testing.T) {
	r := activated(t, "LISTEN_PID=$$ LISTEN_FDS=1",
		`echo $$ $LISTEN_PID $LISTEN_FDS; tr '\0' '\n' </proc/self/environ | cut -d= -f1 | tr '\n' ' '`).start()
	words := strings.Fields(r.line())
	if len(words) != 3 || words[0] != words[1] || words[2] != "1" {
		t.Errorf("pid, LISTEN_PID and LISTEN_FDS: got %q, want the same number twice and 1", words)
	}
	out, code := r.end()
	if strings.Contains(out, "SINGLE_SHIM") || strings.Contains(out, "PIDFDID") || code != 0 {
		t.Errorf("names in the environment: got %q and code %d, want no trace of the shim, and nothing added", out, code)
	}
}

func TestThePidfdOfSocketActivationIsTheChilds(t *testing.T) {
	r := activated(t, "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_PIDFDID=4711", `echo $$; echo $LISTEN_PIDFDID; read x; exit 3`)
	keys, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(r.start().line())
	if err != nil {
		t.Fatal(err)
	}
	want, err := pidfdID(pid)
	if err != nil {
		t.Skip("SKIPPED: no pidfd here:", err)
	}
	if got := r.line(); got != strconv.FormatUint(want, 10) {
		t.Errorf("LISTEN_PIDFDID: got %s, want %d", got, want)
	}
	keys.Close()
	if _, code := r.end(); code != 3 {
		t.Errorf("got code %d, want 3", code)
	}
}

func TestOthersAreWaitedFor(t *testing.T) {
	// What begins an other that the child waits for, until it has made its file.
	other := func(script string) string {
		path := filepath.Join(t.TempDir(), "begun")
		return fmt.Sprintf("begun=%s\nsh -c '%s; : >\"$0\"; while :; do sleep 0.01; done' $begun 2>/dev/null &\n", path, script) +
			"until [ -e $begun ]; do sleep 0.01; done\n"
	}
	const finishes = `trap "echo finished; exit" TERM; echo ready`
	tests := []struct {
		name    string
		script  string
		timeout time.Duration // all that are to finish have more than a failing test waits
		out     string
		says    string
	}{
		{"none are there", "exit 4", time.Hour, "", ""},
		{"they may finish", other(finishes) + "exit 4", time.Hour, "ready\nfinished", ""},
		{"one that is stopped is woken up", `sh -c 'kill -STOP $$; sleep 60' & sleep 0.2; exit 4`, time.Hour, "", ""},
		{
			"one that does not leave is killed and named", strings.Replace(other(`trap "" TERM; echo ready`), "sh", "setsid sh", 1) + "exit 4",
			300 * time.Millisecond, "ready", "sh (pid ",
		},
		{
			"a signal that the child took long ago has not begun their time",
			"trap : QUIT\n" + other(finishes) + "kill -QUIT $PPID; sleep 2.3; exit 4", 2 * time.Second, "ready\nfinished", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := begin(t, wish{WaitAll: true, StopTimeout: tt.timeout}, tt.script).start()
			out, code := r.end()
			if out != tt.out || code != 4 || !strings.Contains(r.stderr.String(), tt.says) || tt.says == "" && r.stderr.Len() > 0 {
				t.Errorf("got %q, code %d, stderr %q; want %q, 4 and %q", out, code, r.stderr.String(), tt.out, tt.says)
			}
		})
	}
}

func TestOrphansAreReapedAtOnce(t *testing.T) {
	r := begin(t, wish{}, `(sh -c 'exit 0' & echo $PPID; echo $!); echo done; exec sleep 60`).start()
	r.line()
	orphan, err := strconv.Atoi(r.line())
	if err != nil {
		t.Fatal(err)
	}
	r.line()
	eventually(t, "the orphan is gone", func() bool { return syscall.Kill(orphan, 0) == syscall.ESRCH })
	r.signal(syscall.SIGTERM)
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want 143", code)
	}
}

func TestTheChildDiesWithPercoreOnRequest(t *testing.T) {
	r := begin(t, wish{Pdeathsig: int(syscall.SIGKILL)}, "echo $$; exec sleep 60").start()
	child, err := strconv.Atoi(r.line())
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Process.Kill()
	r.end()
	eventually(t, "the child is gone", func() bool { return syscall.Kill(child, 0) == syscall.ESRCH })
}

func TestWhatWasClosedStaysClosedBehindTheShim(t *testing.T) {
	// SIGILL, inherited as ignored, takes the shim.
	r := begin(t, wish{Ignored: 1 << (syscall.SIGILL - 1)}, `if [ -e /proc/self/fd/0 ]; then ls -l /proc/self/fd/0; fi`)
	r.cmd.Args = append([]string{"sh", "-c", `exec "$0" "$@" <&-`, r.cmd.Path}, r.cmd.Args[1:]...)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Args[3], r.cmd.Path = exe, "/bin/sh"
	if out, code := r.start().end(); out != "" || code != 0 {
		t.Errorf("got %q and code %d, want no standard input", out, code)
	}
}

func TestABusyProgramIsTriedAgain(t *testing.T) {
	for name, w := range map[string]wish{"by itself": {}, "by the shim": {Ignored: 1 << (syscall.SIGILL - 1)}} {
		t.Run(name, func(t *testing.T) { triesAgain(t, w) })
	}
}

func triesAgain(t *testing.T, w wish) {
	path := filepath.Join(t.TempDir(), "busy")
	true_, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(true_); err != nil {
		t.Fatal(err)
	}
	r := begin(t, w, path, "x")
	r.cmd.Stderr = nil
	said, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	line, err := bufio.NewReader(said).ReadString('\n')
	if !strings.Contains(line, "text file busy - trying again") {
		t.Errorf("got %q (%v), want a word about it", line, err)
	}
	f.Close()
	if _, code := r.end(); code != 0 {
		t.Errorf("got code %d, want 0", code)
	}
}
