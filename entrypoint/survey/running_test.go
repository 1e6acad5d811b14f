package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/self"
)

// fakePID1 is a percore that runs: it says what it holds, and what its configuration is.
type fakePID1 struct {
	listen []string // its public addresses
	ports  []int    // of its workers
	text   string   // what check prints there
	err    error    // why it does not say that

	mu    sync.Mutex // guards asked
	asked []control.Request
}

func (f *fakePID1) answer(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
	f.mu.Lock()
	f.asked = append(f.asked, r)
	f.mu.Unlock()
	switch r.Verb {
	case control.VerbStatus:
		err := reply(control.Frame{Fleet: &control.Fleet{PID: 1, Listen: f.listen}})
		for _, port := range f.ports {
			err = errors.Join(err, reply(control.Frame{Process: &control.Process{Group: "webs", Port: port}}))
		}
		return 0, err
	case control.VerbCheck:
		if f.err != nil {
			return 1, f.err
		}
		return 0, reply(control.Frame{Text: f.text})
	}
	return 2, errors.New("not asked for")
}

// verbs are what it was asked for.
func (f *fakePID1) verbs() (list []control.Verb) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.asked {
		list = append(list, r.Verb)
	}
	return list
}

// run serves f until the test is over, and gives the environment that leads there.
func (f *fakePID1) run(t *testing.T) string {
	t.Helper()
	place := filepath.Join(t.TempDir(), "s")
	listener, err := control.Listen(control.Place(place))
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(listener, f.answer, slog.New(slog.DiscardHandler))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Run() }()
	t.Cleanup(func() { server.Close(); <-ended })
	return "PERCORE_CONTROL=" + place
}

// taken is a port that something listens on until the test is over.
func taken(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// takenBehindFree is a port that is taken, while the one before it is free. Both are below those that the kernel gives to others
// (man 7 ip, ip_local_port_range).
func takenBehindFree(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 10001 + rand.IntN(20000)
		before, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port-1))
		if err != nil {
			continue
		}
		before.Close()
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			t.Cleanup(func() { l.Close() })
			return port
		}
	}
	t.Fatal("got no free port behind a free one in a thousand tries")
	return 0
}

func TestWhatARunningPercoreHoldsMayBeHeld(t *testing.T) {
	public, worker := taken(t), taken(t)
	address := "127.0.0.1:" + strconv.Itoa(public)
	holds := &fakePID1{listen: []string{address, "unix:/nowhere/x"}, ports: []int{0, worker}}
	for name, c := range map[string]struct {
		pid1 *fakePID1
		want []string // parts of what is wrong
	}{
		"it holds both": {pid1: holds},
		"it holds the address alone": {
			pid1: &fakePID1{listen: []string{address}},
			want: []string{"1 problem ", "worker 0 cannot listen on port " + strconv.Itoa(worker)},
		},
		"it holds the port alone": {pid1: &fakePID1{ports: []int{worker}}, want: []string{"1 problem ", "PERCORE_LISTEN=" + address}},
		"it holds others": {
			pid1: &fakePID1{listen: []string{":1"}, ports: []int{1}},
			want: []string{"2 problems ", "PERCORE_LISTEN=" + address, "worker 0"},
		},
		"it says nonsense": {pid1: &fakePID1{listen: []string{"", "x", "127.0.0.1:0"}}, want: []string{"2 problems "}},
	} {
		t.Run(name, func(t *testing.T) {
			environ := environment.Overlay(aloneIn(t), []string{"PERCORE_LISTEN=" + address, "PERCORE_PORTS_FROM=" + strconv.Itoa(worker), c.pid1.run(t)})
			got := checkWith(environ, "true")
			if (got.code == 0) != (c.want == nil) {
				t.Errorf("got code %d and %s, want problems %q", got.code, got.stderr, c.want)
			}
			for _, part := range c.want {
				if !strings.Contains(got.stderr, part) {
					t.Errorf("got %s, want %q in it", got.stderr, part)
				}
			}
		})
	}
}

func TestAStartBesideARunningPercoreIsToldOfIt(t *testing.T) {
	port := taken(t)
	var address value.Listen
	if err := address.UnmarshalText([]byte("127.0.0.1:" + strconv.Itoa(port))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		listen    []string
		want, not string
	}{
		"it is percore's":    {[]string{address.String()}, "A percore that runs already listens there", "Stop it"},
		"it is some other's": {nil, "listens there. Stop it, or choose another address", "percore help"},
	} {
		in := self.Invocation{Environ: []string{(&fakePID1{listen: c.listen}).run(t)}}
		if got := ListenAdvice(in, fmt.Errorf("listen: %w", syscall.EADDRINUSE), address[0]); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s: got %q, want %q in it and no %q", name, got, c.want, c.not)
		}
	}
}

func TestWhatToDoAboutAListenerThatCannotBeOpened(t *testing.T) {
	var address value.Listen
	if err := address.UnmarshalText([]byte(":80")); err != nil {
		t.Fatal(err)
	}
	in := self.Invocation{Environ: []string{"PERCORE_CONTROL=off"}}
	for err, want := range map[error]string{
		syscall.EACCES:        "A port below 1024 needs root, the capability NET_BIND_SERVICE",
		syscall.EADDRNOTAVAIL: "This machine does not have that address",
		syscall.ENOENT:        "PERCORE_LISTEN says where to listen.",
	} {
		if got := ListenAdvice(in, fmt.Errorf("listen :80: %w", err), address[0]); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ".") {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

func TestWhatHoldsInTheContainerIsPrintedThere(t *testing.T) {
	pid1 := &fakePID1{text: "PERCORE_WORKERS=7 (by an update)"}
	environ := append(aloneIn(t), pid1.run(t), "GREETING=hello")
	if got := checkWith(environ); got.code != 0 || got.stdout != pid1.text+"\n" || got.stderr != "" {
		t.Errorf("got code %d, %q and %q, want what holds there", got.code, got.stdout, got.stderr)
	}
	r := pid1.asked[0]
	if r.Verb != control.VerbCheck || r.JSON || slices.Contains(r.Environ, "GREETING=hello") || !slices.Contains(r.Environ, "PERCORE_WORKERS=1") {
		t.Errorf("got %+v, want our variables and no others", r)
	}
	pid1.text = `{"ok":true}`
	if got := checkWith(environ, "--json"); got.code != 0 || got.stdout != pid1.text+"\n" || !pid1.asked[1].JSON {
		t.Errorf("as JSON: got code %d and %q", got.code, got.stdout)
	}
}

func TestCheckGoesByItsOwnEnvironmentWhere(t *testing.T) {
	for name, c := range map[string]struct {
		pid1 *fakePID1
		args []string
		asks bool // it asks for what holds
	}{
		"PID 1 has another":         {pid1: &fakePID1{err: errors.New("PID 1 has another environment")}, asks: true},
		"an older one has no JSON":  {pid1: &fakePID1{text: "PERCORE_WORKERS=7"}, args: []string{"--json"}, asks: true},
		"a command is given":        {pid1: &fakePID1{text: "x"}, args: []string{"true"}},
		"the values are wanted":     {pid1: &fakePID1{text: "x"}, args: []string{"--values"}},
		"a file of variables is":    {pid1: &fakePID1{text: "x"}, args: []string{"--env-file=/dev/null"}},
		"the command is by a dash":  {pid1: &fakePID1{text: "x"}, args: []string{"--", "true"}},
		"JSON and a command, too":   {pid1: &fakePID1{text: "{}"}, args: []string{"--json", "true"}},
		"values and JSON are asked": {pid1: &fakePID1{text: "{}"}, args: []string{"--values", "--json"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := checkWith(append(aloneIn(t), "PERCORE_COMMAND=true", c.pid1.run(t)), c.args...)
			if got.code != 0 || !strings.Contains(got.stdout, "PERCORE_LISTEN") {
				t.Errorf("got code %d, %s and %s, want our own configuration", got.code, got.stdout, got.stderr)
			}
			if asked := slices.Contains(c.pid1.verbs(), control.VerbCheck); asked != c.asks {
				t.Errorf("got PID 1 asked for what holds %t, want %t", asked, c.asks)
			}
		})
	}
}

func TestAPercoreThatIsNotToBeAskedIsNot(t *testing.T) {
	pid1 := &fakePID1{text: "x"}
	pid1.run(t)
	for _, place := range []string{"off", "/nowhere/s", "nowhere"} {
		if conn := dialRunning(self.Invocation{Environ: []string{"PERCORE_CONTROL=" + place}}); conn != nil {
			conn.Close()
			t.Errorf("%s: got a connection", place)
		}
	}
	if len(pid1.verbs()) > 0 {
		t.Errorf("got %v asked", pid1.verbs())
	}
}

func TestWhatHoldsAsText(t *testing.T) {
	cfg := configOf(t, "PERCORE_COMMAND=true", "PERCORE_QUEUE_SIZE=7")
	text, err := InForce(cfg, false)
	if err != nil || !strings.Contains(text, "PERCORE_QUEUE_SIZE") || strings.HasSuffix(text, "\n") {
		t.Errorf("got %q and %v, want the variables without an empty line", text, err)
	}
	text, err = InForce(cfg, true)
	var v struct {
		OK                 bool
		Problems, Warnings []any
		Settings           []struct{ Name, Value string }
	}
	if err != nil || json.Unmarshal([]byte(text), &v) != nil || !v.OK || v.Problems == nil || v.Warnings == nil || len(v.Settings) == 0 {
		t.Errorf("as JSON: got %q and %v, want lists that are empty rather than none", text, err)
	}
}
