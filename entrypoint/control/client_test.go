package control_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/control"
)

// Any process that may write to the folder of a socket that is not there, or not any more, can listen in its place.
func TestTheClientTellsAStrangerNothing(t *testing.T) {
	dir := openFolder(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "s")
	stranger := commandOfNobody(t, "server", place)
	var heard bytes.Buffer
	stranger.Stdout = &heard
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	c, err := control.Dial(control.Place(place), os.DirFS("/proc"))
	for deadline := time.Now().Add(patience); notYet(err) && time.Now().Before(deadline); {
		c, err = control.Dial(control.Place(place), os.DirFS("/proc"))
	}
	if err == nil {
		_, _ = c.Call(t.Context(), control.Request{Verb: control.VerbUpdate, Set: []string{"PASSWORD=secret"}}, func(control.Frame) error { return nil })
		c.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "uid 65534 listens there") {
		t.Errorf("got error %v, want one that says who listens", err)
	}
	_ = stranger.Wait()
	if heard.Len() > 0 {
		t.Errorf("the stranger heard %q, want nothing", heard.String())
	}
}

// notYet reports whether a server has still to come.
func notYet(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

func TestWhyNothingAnswersCanBeTold(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		place string
		want  error
	}{
		"there is no socket":           {filepath.Join(dir, "none"), syscall.ENOENT},
		"its percore is gone":          {dead, syscall.ECONNREFUSED},
		"it is no socket":              {file, syscall.ECONNREFUSED},
		"there is no such folder":      {filepath.Join(dir, "no", "s"), syscall.ENOENT},
		"an abstract one without ears": {"@percore-nothing-listens-here", syscall.ECONNREFUSED},
	} {
		for way, dial := range map[string]func(control.Place, fs.FS) (*control.Conn, error){"Dial": control.Dial, "DialSole": control.DialSole} {
			if _, err := dial(control.Place(c.place), os.DirFS("/proc")); !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "dial "+c.place) {
				t.Errorf("%s, %s: got %v, want %v with the place", name, way, err, c.want)
			}
		}
	}
}

func TestWhatACallGivesBack(t *testing.T) {
	taken := errors.New("no more")
	for name, c := range map[string]struct {
		handle control.Handler
		take   error
		texts  []string
		code   int
		err    string
	}{
		"texts and a code": {handle: saying("a", "b"), texts: []string{"a", "b"}, code: 2},
		"a refusal": {
			handle: func(context.Context, control.Request, func(control.Frame) error) (int, error) {
				return 4, errors.New("busy")
			}, code: 4, err: "busy",
		},
		"a fault behind a text": {
			handle: func(_ context.Context, _ control.Request, reply func(control.Frame) error) (int, error) {
				_ = reply(control.Frame{Text: "half"})
				return 1, errors.New("halted")
			},
			texts: []string{"half"}, code: 1, err: "halted",
		},
		"a client that wants no more": {handle: saying("a", "b"), take: taken, texts: []string{"a"}, code: 1, err: "no more"},
	} {
		t.Run(name, func(t *testing.T) {
			place := socketIn(t)
			serve(t, place, c.handle)
			conn, err := control.Dial(place, os.DirFS("/proc"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var texts []string
			code, err := conn.Call(t.Context(), control.Request{Verb: control.VerbStatus}, func(f control.Frame) error {
				texts = append(texts, f.Text)
				return c.take
			})
			wrong := ""
			if err != nil {
				wrong = err.Error()
			}
			if !slices.Equal(texts, c.texts) || code != c.code || wrong != c.err {
				t.Errorf("got %q, code %d and %q, want %q, %d and %q", texts, code, wrong, c.texts, c.code, c.err)
			}
		})
	}
}

// saying answers with texts, and their number as the code.
func saying(texts ...string) control.Handler {
	return func(_ context.Context, _ control.Request, reply func(control.Frame) error) (int, error) {
		for _, text := range texts {
			if err := reply(control.Frame{Text: text}); err != nil {
				return control.CodeGeneric, err
			}
		}
		return len(texts), nil
	}
}

// TestAChosenPlaceIsTheOnlyOne: a percore that listens elsewhere is not asked instead.
func TestAChosenPlaceIsTheOnlyOne(t *testing.T) {
	serve(t, socketIn(t), nil)
	chosen := socketIn(t)
	for name, dial := range map[string]func(control.Place, fs.FS) (*control.Conn, error){"Dial": control.Dial, "DialSole": control.DialSole} {
		if _, err := dial(chosen, os.DirFS("/proc")); err == nil || !strings.Contains(err.Error(), string(chosen)) {
			t.Errorf("%s: got %v, want an error that names %s", name, err, chosen)
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	place := socketIn(t)
	begun := make(chan struct{})
	serve(t, place, func(ctx context.Context, _ control.Request, _ func(control.Frame) error) (int, error) {
		close(begun)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	conn, err := control.Dial(place, os.DirFS("/proc"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	if code, err := conn.Call(ctx, control.Request{Verb: control.VerbStatus}, func(control.Frame) error { return nil }); err == nil ||
		code != control.CodeGeneric {
		t.Errorf("got code %d and %v, want 1 and an error", code, err)
	}
}

// A percore that dies in the middle of its answer leaves a client that says so, instead of one that takes the half
// for the whole.
func TestAnAnswerWithoutItsEndIsNone(t *testing.T) {
	place := socketIn(t)
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for range 2 {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = conn.Write([]byte("{\"text\":\"half\"}\n{\"do"))
			conn.Close()
		}
	}()
	for range 2 {
		conn, err := control.Dial(place, os.DirFS("/proc"))
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		code, err := conn.Call(t.Context(), control.Request{Verb: control.VerbStatus}, func(f control.Frame) error { seen += f.Text; return nil })
		if seen != "half" || code != control.CodeGeneric || err == nil || !strings.Contains(err.Error(), "in the middle of its answer") {
			t.Errorf("got %q, code %d and %v, want the half, 1 and that it is one", seen, code, err)
		}
		conn.Close()
	}
}

func TestAClientOfAnotherVersionIsToldSo(t *testing.T) {
	place := socketIn(t)
	serve(t, place, echo)
	for line, want := range map[string]string{
		`{"version":2,"verb":"status"}`: "percore speaks version 1 of the control protocol and this client version 2",
		`{"verb":"status"}`:             "this client version 0",
	} {
		conn, err := net.Dial("unix", string(place))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(line + "\n"))
		answer, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !strings.Contains(string(answer), want) || !strings.Contains(string(answer), `"code":2`) {
			t.Errorf("%s: got %s and %v, want %q and code 2", line, answer, err, want)
		}
	}
}

func TestManyClientsAreServedAtOnce(t *testing.T) {
	place := socketIn(t)
	release := make(chan struct{})
	serve(t, place, func(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
		<-release
		return echo(t.Context(), r, reply)
	})
	const clients = 20
	results := make(chan string, clients)
	for i := range clients {
		go func() {
			c, err := control.Dial(place, os.DirFS("/proc"))
			if err != nil {
				results <- err.Error()
				return
			}
			defer c.Close()
			got := ""
			_, err = c.Call(
				t.Context(), control.Request{Verb: control.VerbStatus, Names: []string{strconv.Itoa(i)}},
				func(f control.Frame) error { got = f.Text; return nil },
			)
			if err != nil || got != strconv.Itoa(i) {
				got = "client " + strconv.Itoa(i) + " got " + got
			} else {
				got = ""
			}
			results <- got
		}()
	}
	close(release)
	for range clients {
		if wrong := <-results; wrong != "" {
			t.Error(wrong)
		}
	}
}
