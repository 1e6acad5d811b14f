package control

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAMessageIsALineThatIsReadAsItWasWritten(t *testing.T) {
	var wire bytes.Buffer
	want := []Frame{
		{Text: "two\nlines"},
		{Data: []byte{0, '\n', 0xff}},
		{Outcome: &Outcome{Group: "webs", Name: "web-8000", Fault: Busy, Why: `"why"`}},
		{Process: &Process{Group: "webs", State: "RUNNING", PID: 7}},
		{Fleet: &Fleet{PID: 1, Listen: []string{":80"}}},
		{Change: &Change{Variable: "A", To: "ü"}},
		{Done: true, Code: 3, Error: "nothing was changed"},
	}
	for _, f := range want {
		if err := write(&wire, f); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(wire.String(), "\n"); n != len(want) {
		t.Errorf("got %d lines, want one for each of %d frames", n, len(want))
	}
	for name, reader := range map[string]io.Reader{"whole": bytes.NewReader(wire.Bytes()), "byte by byte": iotest.OneByteReader(bytes.NewReader(wire.Bytes()))} {
		in := bufio.NewReaderSize(reader, 16) // shorter than a line
		for i, f := range want {
			var got Frame
			if err := read(in, frameBytesMax, &got); err != nil || !reflect.DeepEqual(got, f) {
				t.Errorf("%s, frame %d: got %+v and %v, want %+v", name, i, got, err, f)
			}
		}
		if err := read(in, frameBytesMax, new(Frame)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v behind the last, want the end", name, err)
		}
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		err  string
	}{
		"a line that is cut":     {`{"done":`, "read control message: EOF"},
		"no JSON":                {"GET / HTTP/1.1\n", "decode control message: "},
		"JSON of another shape":  {"[1]\n", "decode control message: "},
		"an empty line":          {"\n", "decode control message: "},
		"one that is too long":   {`{"text":"` + strings.Repeat("x", 100) + "\"}\n", "more than 64 bytes"},
		"one without an end":     {strings.Repeat("x", 100), "more than 64 bytes"},
		"a number for a process": {`{"process":7}` + "\n", "decode control message: "},
	} {
		for _, size := range []int{16, 4096} {
			err := read(bufio.NewReaderSize(strings.NewReader(c.wire), size), 64, new(Frame))
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s, %d bytes at once: got %v, want %q", name, size, err, c.err)
			}
		}
	}
	broken := errors.New("broken pipe")
	if err := write(brokenWriter{broken}, Frame{Done: true}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "write control message") {
		t.Errorf("write: got %v, want the cause and what it was about", err)
	}
	if err := write(io.Discard, func() {}); err == nil || !strings.Contains(err.Error(), "encode control message") {
		t.Errorf("a message that cannot be: got %v", err)
	}
}

type brokenWriter struct{ err error }

// Write fails.
func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestALineOfTheBoundIsTaken(t *testing.T) {
	line := `{"text":"` + strings.Repeat("x", 64-len(`{"text":""}`)-1) + "\"}\n"
	if len(line) != 64 {
		t.Fatalf("the test's line has %d bytes", len(line))
	}
	var f Frame
	if err := read(bufio.NewReader(strings.NewReader(line)), 64, &f); err != nil || f.Text == "" {
		t.Errorf("got %+v and %v, want it taken", f, err)
	}
	if err := read(bufio.NewReader(strings.NewReader(line)), 63, &f); err == nil {
		t.Error("one byte beyond the bound: got it taken")
	}
}

func TestWhoMayAsk(t *testing.T) {
	for name, c := range map[string]struct {
		peer     peer
		self     int
		abstract bool
		want     bool
	}{
		"root":                                  {peer{pid: 7, uid: 0}, 1000, false, true},
		"percore's own user":                    {peer{pid: 7, uid: 1000}, 1000, false, true},
		"another user":                          {peer{pid: 7, uid: 1001}, 1000, false, false},
		"another user, of root's percore":       {peer{pid: 7, uid: 1001}, 0, false, false},
		"root of another pid namespace":         {peer{pid: 0, uid: 0}, 0, false, true},
		"the same at an abstract socket":        {peer{pid: 0, uid: 0}, 0, true, false},
		"one of our own namespace there":        {peer{pid: 7, uid: 0}, 0, true, true},
		"another user of our namespace, there":  {peer{pid: 7, uid: 1001}, 0, true, false},
		"our own user, of another one's socket": {peer{pid: 0, uid: 1000}, 1000, true, false},
	} {
		if got := c.peer.trusted(c.self, c.abstract); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestWhatTheLogSaysOfACommandIsBounded(t *testing.T) {
	var set []string
	for i := range 100 {
		set = append(set, fmt.Sprintf("NAME%d=secret", i))
	}
	got := variables(set)
	if len(got) != namesLoggedMax || got[0] != "NAME0" || strings.Contains(strings.Join(got, " "), "secret") {
		t.Errorf("got %q, want the first %d names without a value", got, namesLoggedMax)
	}
	if got := variables([]string{"A=1=2", "B"}); strings.Join(got, " ") != "A B" {
		t.Errorf("got %q, want A and B", got)
	}
}
