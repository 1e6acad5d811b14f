package lbproxy

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/internal/peers"
)

// caseLimit is how long one performance of a case may take on a busy machine.
const caseLimit = 20 * time.Second

// TestScripts plays every case in testdata/*.peer: as it is, byte by byte, and cut in two at many places, at all of
// them with -everywhere. The front door has a turn between two pieces, so that it sees each of them alone. It has to
// come out alike each time.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.peer")
	if err != nil || len(files) == 0 {
		t.Fatalf("find scripts: got %v and error %v, want some", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := peers.Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".peer")+"/"+c.Name, func(t *testing.T) {
				newTheatre(t, c).playEveryWay(file)
			})
		}
	}
}

// theatre plays one case again and again with one front door.
type theatre struct {
	*rig
	*peers.Case
	incarnation uint64
	mu          sync.Mutex // guards endpoints
	endpoints   []balance.Endpoint
}

func newTheatre(t *testing.T, c *peers.Case) *theatre {
	t.Helper()
	r := newRig(t, func(o *Options) {
		o.AccessLog, o.Services[0].ProxyKeepaliveTimeout = accesslog.JSON, time.Minute // which a machine under load would take literally
		for name, value := range c.Options {
			if err := setOption(o, name, value); err != nil {
				t.Fatal(err)
			}
		}
	})
	r.onLoop(func(l *loop) { l.timers.Resize(timerFinished, 2*finishedMillis) }) // for the same reason
	return &theatre{rig: r, Case: c}
}

// setOption sets a field of the options by its name.
func setOption(o *Options, name, value string) error {
	field := reflect.ValueOf(o).Elem().FieldByName(name)
	if !field.IsValid() {
		field = reflect.ValueOf(&o.Services[0]).Elem().FieldByName(name)
	}
	if !field.IsValid() {
		return fmt.Errorf("there is no option %s", name)
	}
	var err error
	switch target := field.Addr().Interface().(type) {
	case *time.Duration:
		*target, err = time.ParseDuration(value)
	case *int:
		*target, err = strconv.Atoi(value)
	case *int64:
		*target, err = strconv.ParseInt(value, 10, 64)
	case *string:
		*target = value
	case *bool:
		*target, err = strconv.ParseBool(value)
	case *balance.Method:
		*target = balance.Method(value)
	default:
		err = fmt.Errorf("option %s is a %T", name, target)
	}
	return err
}

func (th *theatre) playEveryWay(file string) {
	th.t.Helper()
	play := func(way string, pieces func(offset, n int) int) bool {
		if err := th.play(pieces); err != nil {
			th.t.Errorf("%s:%d: %s: %v", file, th.Line, way, err)
		}
		return !th.t.Failed()
	}
	if !play("in one piece", nil) || th.Whole {
		return
	}
	if !play("byte by byte", func(int, int) int { return 1 }) {
		return
	}
	for at := 1; at < th.Bytes; at += 1 + th.Bytes/cutsPerCase() {
		if !play(fmt.Sprintf("cut at byte %d", at), cutAt(at)) {
			return
		}
	}
}

// everywhere makes cuts at every byte; without it there are a few in each case, so that the package's tests stay
// short.
var everywhere = flag.Bool("everywhere", false, "cut the bytes of each script at every place")

func cutsPerCase() int {
	if *everywhere {
		return math.MaxInt
	}
	return 8
}

// cutAt makes two pieces of the statement that has the byte at that place.
func cutAt(at int) func(offset, n int) int {
	return func(offset, n int) int {
		if offset < at && at < offset+n {
			return at - offset
		}
		return n
	}
}

// play performs the case once and looks for what it left behind in the front door.
func (th *theatre) play(pieces func(offset, n int) int) error {
	stage, err := th.Set()
	if err != nil {
		return err
	}
	defer stage.Close()
	th.access.Reset()
	th.begin(stage)
	err = stage.Play(peers.Staging{Front: th.address, Up: th.up, Settle: th.fewTurns, Pieces: pieces, Limit: caseLimit})
	if err != nil {
		return err
	}
	return th.leftovers()
}

// begin makes the case's workers known, as processes that were not there before.
func (th *theatre) begin(stage *peers.Stage) {
	th.incarnation++
	th.endpoints = up(stage.Addresses()...)
	for i, down := range stage.Down() {
		th.endpoints[i].Incarnation = th.incarnation
		if down {
			th.endpoints[i].State, th.endpoints[i].Coming = balance.Down, true
		}
	}
	th.apply(false, slices.Clone(th.endpoints)...)
	th.fewTurns()
}

func (th *theatre) up(worker int) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.endpoints[worker].State, th.endpoints[worker].Coming = balance.Up, false
	th.apply(false, slices.Clone(th.endpoints)...)
	th.fewTurns()
}

// turnsToSee is how many turns a loop may take to handle what had arrived: a turn takes its mail before its events,
// one accepts, and one reads what epoll reports only after the connection was registered.
const turnsToSee = 4

// fewTurns returns when the loop has handled what had arrived before.
func (r *rig) fewTurns() {
	for range turnsToSee {
		r.exchanges()
	}
}

// leftovers is nil once every connection is closed, no request counts as in flight and the access log has what the
// case says.
func (th *theatre) leftovers() error {
	var left string
	for deadline := time.Now().Add(caseLimit); ; time.Sleep(100 * time.Microsecond) {
		if left = th.left(); left == "" {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("in the end: %s\naccess log: %s", left, th.access.String())
		}
	}
}

func (th *theatre) left() (left string) {
	if n := th.sockets(kindUpstream) + th.sockets(kindDownstream); n > 0 {
		return fmt.Sprintf("got %d open connections, want 0", n)
	}
	th.onLoop(func(l *loop) {
		for _, t := range l.services[0].table.Backends() {
			if n := t.Load(); n != 0 {
				left = fmt.Sprintf("got %d requests and tunnels at %s, want 0", n, t.Name)
			}
		}
		if repeats, waiting, held := l.proxy.services[0].Repeats(), l.proxy.services[0].Waiting(), l.buffers.Used(); repeats != 0 || waiting != 0 || held != 0 {
			left = fmt.Sprintf("got %d repeats, %d that wait and %d bytes of buffers, want none", repeats, waiting, held)
		}
		if l.exchanges.active != 0 {
			left = fmt.Sprintf("got %d exchanges, want 0", l.exchanges.active)
		}
	})
	if got := statuses(th.access.String()); left == "" && th.Log != nil && !slices.Equal(got, slices.Sorted(slices.Values(th.Log))) {
		left = fmt.Sprintf("got statuses %q in the access log, want %q", got, th.Log)
	}
	return left
}

// statuses are those of the lines of a JSON access log, sorted.
func statuses(log string) (list []string) {
	for line := range strings.Lines(log) {
		var entry struct {
			Status json.Number `json:"http.response.status_code"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			return []string{err.Error()}
		}
		list = append(list, entry.Status.String())
	}
	slices.Sort(list)
	return list
}
