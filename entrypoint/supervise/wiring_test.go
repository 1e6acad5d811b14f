package supervise

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/entrypoint/control/handler"
	"percore/entrypoint/self"
	"percore/lbproxy"
	"percore/lbproxy/socket"
)

func TestFiguresGoByTheEndpoint(t *testing.T) {
	if got := figuresOf(nil); got != nil {
		t.Errorf("a front door that does not answer: got %v, want nil", got)
	}
	got := figuresOf(&lbproxy.Figures{Endpoints: []lbproxy.EndpointFigures{
		{Index: 0, Served: 5},
		{Index: 7, Served: 9, InFlight: 2, Tunnels: 3, Ejected: true, OldestMillis: 1500, StuckMillis: 40_000},
	}}).Workers
	want := map[int]handler.WorkerFigures{
		0: {Served: 5},
		7: {Served: 9, InFlight: 5, Ejected: true, Oldest: 1500 * time.Millisecond, Stuck: 40 * time.Second},
	}
	if len(got) != len(want) || got[0] != want[0] || got[7] != want[7] {
		t.Errorf("got %+v, want %+v: tunnels are in flight, too", got, want)
	}
}

func TestStatusCountsWhatTheFrontDoorCounts(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var whole *control.Fleet
	var code int
	served := map[string]uint64{}
	isReady := func() bool {
		conn, err := control.Dial(p.place, os.DirFS("/proc"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		code, err = conn.Call(ctx, control.Request{Verb: control.VerbStatus, Verbose: true}, func(f control.Frame) error {
			if f.Fleet != nil {
				whole = f.Fleet
			}
			if p := f.Process; p != nil && p.Requests != nil {
				served[p.Name] = *p.Requests + uint64(*p.InFlight)*1000
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return whole.Ready
	}
	p.await("the fleet to say that it is ready, which the front door hears first", isReady)
	if code != 0 || len(served) != 2 || served["web-8000"] != 3100 || served["web-8001"] != 3101 {
		t.Errorf("got %v and code %d, want 100 and 101 requests, 3 in flight each", served, code)
	}
	if whole == nil || whole.Version != "1.2" || whole.Command != "web --port={port}" || strings.Join(whole.Listen, " ") != ":8080" || !whole.Ready {
		t.Errorf("got %+v, want version, command, address, and that it is ready", whole)
	}
	want := control.Held{Files: 1, Bytes: 2, BytesMax: 3, Requests: 4, Responses: 5, Refused: 6, Failed: 7}
	if whole == nil || whole.Held == nil || *whole.Held != want {
		t.Errorf("got %+v, want what the front door holds in it, %+v", whole, want)
	}
}

// prepared is what prepare makes of an environment, with the command true.
func prepared(t *testing.T, environ ...string) (listeners []socket.Listener, err error) {
	t.Helper()
	environ = environment.Overlay(
		[]string{"PERCORE_COMMAND=true", "PERCORE_WORKERS=1", "PERCORE_CONTROL=" + filepath.Join(t.TempDir(), "s"), "PERCORE_LOOPS=2"},
		environ,
	)
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	_, listeners, err = prepare(self.Invocation{Environ: environ, Stdout: io.Discard, Stderr: io.Discard}, cfg)
	t.Cleanup(func() { socket.CloseListeners(listeners) })
	return listeners, err
}

func TestTheStartOpensASocketForEachLoopAndAddress(t *testing.T) {
	place := filepath.Join(t.TempDir(), "web.sock")
	for name, c := range map[string]struct {
		environ []string
		want    int
	}{
		"two addresses for two loops":   {[]string{"PERCORE_LISTEN=127.0.0.1:" + freePort(t) + ",[::1]:" + freePort(t)}, 4},
		"a unix socket is for all":      {[]string{"PERCORE_LISTEN=unix:" + place}, 1},
		"nothing is, without a mode to": {[]string{"PERCORE_MODE=none"}, 0},
	} {
		listeners, err := prepared(t, c.environ...)
		if err != nil || len(listeners) != c.want {
			t.Errorf("%s: got %d listeners and %v, want %d", name, len(listeners), err, c.want)
		}
	}
}

func TestAStartThatCannotListenSaysWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := freePort(t)
	listeners, err := prepared(t, "PERCORE_LISTEN=127.0.0.1:"+free+","+taken.Addr().String())
	if err == nil || len(listeners) > 0 || !strings.Contains(err.Error(), "address already in use") || !strings.Contains(err.Error(), "PERCORE_LISTEN=:8081") {
		t.Errorf("got %d listeners and %v, want none, the reason and what to do", len(listeners), err)
	}
	again, err := net.Listen("tcp", "127.0.0.1:"+free)
	if err != nil {
		t.Fatalf("the address that could be had is still held: %v", err)
	}
	again.Close()
}

func TestAStartWithoutACommandOpensNothing(t *testing.T) {
	listeners, err := prepared(t, "PERCORE_COMMAND=")
	if err == nil || len(listeners) > 0 || !strings.HasPrefix(err.Error(), "no command: ") {
		t.Errorf("got %d listeners and %v, want none and what is missing", len(listeners), err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestLoadSaysEverythingThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		ok      bool
		stderr  []string
	}{
		"nothing is":      {ok: true},
		"a warning alone": {environ: []string{"PERCORE_EXITCODES=2"}, ok: true, stderr: []string{"percore: warning: PERCORE_EXITCODES"}},
		"two faults at once": {
			environ: []string{"PERCORE_WORKRES=2", "PERCORE_STARTSECS=x"},
			stderr:  []string{"2 problems", "PERCORE_WORKRES", "PERCORE_STARTSECS"},
		},
	} {
		var stderr bytes.Buffer
		cfg, ok := Load(self.Invocation{Environ: c.environ, Stderr: &stderr}, []string{"true"})
		if ok != c.ok || (cfg != nil) != c.ok || (stderr.Len() > 0) != (len(c.stderr) > 0) {
			t.Errorf("%s: got %t and %s, want %t and %q", name, ok, stderr.String(), c.ok, c.stderr)
		}
		for _, part := range c.stderr {
			if !strings.Contains(stderr.String(), part) {
				t.Errorf("%s: got %s, want %q in it", name, stderr.String(), part)
			}
		}
	}
}

func TestAnOperatorThatIsClosedBeforeItServesEndsAtOnce(t *testing.T) {
	for _, place := range []control.Place{"off", control.Place(filepath.Join(t.TempDir(), "s"))} {
		o := newOperator(place, &handler.Handler{}, slog.New(slog.DiscardHandler))
		o.close()
		o.close() // a second time does no harm
		ended := make(chan error)
		go func() { ended <- o.run() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%s: got error %v", place, err)
			}
		case <-time.After(patience):
			t.Errorf("%s: it serves on", place)
		}
	}
}
