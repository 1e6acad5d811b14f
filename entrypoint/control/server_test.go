package control_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/control"
)

func TestAnswersComeInOrderAndEndWithTheCode(t *testing.T) {
	place := socketIn(t)
	serve(t, place, func(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
		if r.Verb == control.VerbStop {
			return 7, errors.New("it does not stop")
		}
		return echo(t.Context(), r, reply)
	})
	wellServed(t, place)
	texts, code, err := call(t, place, control.Request{Verb: control.VerbStop})
	if len(texts) != 0 || code != 7 || err == nil || err.Error() != "it does not stop" {
		t.Errorf("a fault: got %q, code %d and error %v, want none, 7 and what is wrong", texts, code, err)
	}
}

func TestWhatIsNoRequestIsRefusedAndHurtsNobody(t *testing.T) {
	place := socketIn(t)
	serve(t, place, echo)
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":                            {"GET / HTTP/1.1\r\n", "decode"},
		"JSON of another form":               {"[1,2]\n", "decode"},
		"bytes":                              {"\x00\xff\x00\n", "decode"},
		"nothing but an end of line":         {"\n", "decode"},
		"another version":                    {`{"version":99,"verb":"status"}` + "\n", "version 1"},
		"no version":                         {`{"verb":"status"}` + "\n", "version 1"},
		"a request without end":              {`{"version":1,"names":["` + strings.Repeat("x", 300<<10), "more than"},
		"a nest that is deeper than a stack": {`{"names":` + strings.Repeat("[", 200<<10) + "\n", "decode"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("unix", string(place))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(conn, c.text) // the server may have seen enough before the end
			line, err := bufio.NewReader(conn).ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var f control.Frame
			if err := json.Unmarshal(line, &f); err != nil || !f.Done || f.Code == 0 || !strings.Contains(f.Error, c.want) {
				t.Errorf("got %s (error %v), want a refusal with %q", line, err, c.want)
			}
			wellServed(t, place)
		})
	}
}

func TestSilentClientsKeepNobodyOut(t *testing.T) {
	place := socketIn(t)
	serve(t, place, echo)
	for range 200 {
		conn, err := net.Dial("unix", string(place))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, `{"version":`)
	}
	wellServed(t, place)
}

func TestCommandsUnderWayAreNotPushedOut(t *testing.T) {
	place := socketIn(t)
	release := make(chan struct{})
	serve(t, place, func(ctx context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
		if r.Verb == control.VerbRestart {
			_ = reply(control.Frame{Text: "under way"})
			<-release
		}
		return echo(ctx, r, reply)
	})
	type result struct {
		code int
		err  error
	}
	results := make(chan result, control.ClientsMax)
	for range control.ClientsMax {
		c, err := control.Dial(place, os.DirFS("/proc"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		begun := make(chan struct{})
		go func() {
			code, err := c.Call(t.Context(), control.Request{Verb: control.VerbRestart}, func(control.Frame) error { close(begun); return nil })
			results <- result{code, err}
		}()
		<-begun
	}
	if _, code, err := call(t, place, control.Request{Verb: control.VerbStatus}); err == nil || !strings.Contains(err.Error(), "busy") || code == 0 {
		t.Errorf("one more: got code %d and error %v, want that percore is busy", code, err)
	}
	close(release)
	for range control.ClientsMax {
		if r := <-results; r.code != 0 || r.err != nil {
			t.Errorf("a command under way: got code %d and error %v, want none", r.code, r.err)
		}
	}
	wellServed(t, place)
}

func TestTheCommandLearnsThatItsClientHasLeft(t *testing.T) {
	place := socketIn(t)
	left := make(chan struct{})
	serve(t, place, func(ctx context.Context, _ control.Request, reply func(control.Frame) error) (int, error) {
		_ = reply(control.Frame{Text: "begun"})
		<-ctx.Done()
		close(left)
		return 0, nil
	})
	c, err := control.Dial(place, os.DirFS("/proc"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = c.Call(ctx, control.Request{Verb: control.VerbTail}, func(control.Frame) error { cancel(); return nil })
	if err == nil {
		t.Error("the call of a client that leaves: got no error")
	}
	select {
	case <-left:
	case <-time.After(patience):
		t.Error("the command still waits")
	}
}

// A client that asks for much and reads nothing holds up its own command, and the end of the server not at all.
func TestAClientThatReadsNothingHoldsUpNobody(t *testing.T) {
	place := socketIn(t)
	flooding := make(chan struct{})
	serve(t, place, func(ctx context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
		if r.Verb != control.VerbTail {
			return echo(ctx, r, reply)
		}
		close(flooding)
		for {
			if err := reply(control.Frame{Data: make([]byte, 64<<10)}); err != nil {
				return control.CodeGeneric, err
			}
		}
	})
	conn, err := net.Dial("unix", string(place))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, `{"version":1,"verb":"tail"}`+"\n")
	<-flooding
	wellServed(t, place)
}

func TestOnlyRootAndTheOwnUserAreServed(t *testing.T) {
	dir := openFolder(t)
	place := control.Place(dir + "/s")
	serve(t, place, echo)
	if got := asNobody(t, place); !strings.Contains(got, "permission denied") {
		t.Errorf("another user at the closed socket: got %q, want that the kernel denies it", got)
	}
	if err := os.Chmod(string(place), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := asNobody(t, place); !strings.Contains(got, "only root and percore's own user") {
		t.Errorf("another user at an open socket: got %q, want that percore refuses", got)
	}
	abstract := control.PrivatePlace()
	serve(t, abstract, echo)
	if got := asNobody(t, abstract); !strings.Contains(got, "only root and percore's own user") {
		t.Errorf("another user at an abstract socket: got %q, want that percore refuses", got)
	}
	wellServed(t, place)
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"version":1,"verb":"status","names":["a:*"]}` + "\n"))
	f.Add([]byte(`{"version":1,"verb":"scale","count":-1}` + "\n{}"))
	f.Add([]byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := control.ReadRequest(text)
		if err == nil && r.Version == control.Version && len(text) > 256<<10 {
			t.Errorf("a request of %d bytes was taken", len(text))
		}
	})
}

// Strangers may knock as often as they like, and the log is for those who have to read it.
func TestRefusalsLeaveALineAMinuteWithTheirNumber(t *testing.T) {
	var log bytes.Buffer
	clock := time.Unix(0, 0)
	r := control.Refusals(slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return clock })
	for range 1000 {
		r(7, 65534)
		clock = clock.Add(50 * time.Millisecond)
	}
	if got := strings.Count(log.String(), "control client refused"); got != 1 || !strings.Contains(log.String(), "pid=7 uid=65534") {
		t.Errorf("in 50 seconds: got %d lines, want 1 that says who\n%s", got, &log)
	}
	clock = clock.Add(time.Minute)
	r(8, 65533)
	if got := log.String(); strings.Count(got, "control client refused") != 2 || !strings.Contains(got, "pid=8 uid=65533 others=999") {
		t.Errorf("a minute later: got %s, want the number of those between", got)
	}
}

// A client that has stopped reading cannot be told from one that is slow, until it has been still for long.
func TestAClientThatReadsNothingLosesItsSeat(t *testing.T) {
	place := socketIn(t)
	seated := make(chan struct{})
	serveWith(t, place, func(ctx context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
		if r.Verb != control.VerbTail {
			return echo(ctx, r, reply)
		}
		_ = reply(control.Frame{Data: make([]byte, 1<<10)}) // it fits into the socket, and is not taken
		seated <- struct{}{}
		<-ctx.Done()
		return control.CodeOK, nil
	}, func(s *control.Server) { s.SetPatience(100 * time.Millisecond) })
	for range control.ClientsMax {
		conn, err := net.Dial("unix", string(place))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, `{"version":1,"verb":"tail"}`+"\n")
		<-seated
	}
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, _, err = call(t, place, control.Request{Verb: control.VerbPID}); err == nil {
			return
		}
	}
	t.Errorf("a client that reads: got %v, want it served", err)
}

// A handler may have many frames to send and no mind to ask how each one went.
func TestAClientThatIsGoneCostsOneWait(t *testing.T) {
	place := socketIn(t)
	ended := make(chan struct{})
	serveWith(t, place, func(ctx context.Context, _ control.Request, reply func(control.Frame) error) (int, error) {
		for range 1000 { // a wait for each would be longer than any test waits
			_ = reply(control.Frame{Data: make([]byte, 64<<10)})
		}
		<-ctx.Done()
		close(ended)
		return control.CodeOK, nil
	}, func(s *control.Server) { s.SetPatience(200 * time.Millisecond) })
	conn, err := net.Dial("unix", string(place))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, `{"version":1,"verb":"status"}`+"\n")
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the command goes on for a client that takes nothing")
	}
}

func TestTheNamesOfARequestAreBounded(t *testing.T) {
	place := socketIn(t)
	serve(t, place, echo)
	if _, code, err := call(t, place, control.Request{Names: make([]string, control.NamesMax)}); err != nil || code != control.NamesMax {
		t.Errorf("as many as there may be: got %d, %v, want them served", code, err)
	}
	_, code, err := call(t, place, control.Request{Names: make([]string, control.NamesMax+1)})
	if err == nil || code != control.CodeInvalid || !strings.Contains(err.Error(), "names") {
		t.Errorf("one more: got %d, %v, want it refused", code, err)
	}
}
