package output

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"percore/internal/trial"
)

// plumbing is one stream between a pipe and a buffer.
type plumbing struct {
	*Stream
	t       *testing.T
	writer  *os.File
	out     *trial.Buffer
	dropped atomic.Uint64
	done    chan struct{}
}

func lay(t *testing.T, framing Framing, to *Sink) *plumbing {
	t.Helper()
	p := &plumbing{t: t, out: new(trial.Buffer), done: make(chan struct{})}
	if to == nil {
		to = &Sink{name: "out", writer: p.out, log: slog.New(slog.DiscardHandler), total: &p.dropped}
	}
	var err error
	from := Origin{Process: "tornadoes:tornado-8000", Name: "tornado-8000", Kind: Stderr, Framing: framing}
	if p.Stream, p.writer, err = Open(from, new(Tail), to); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		p.Copy()
	}()
	t.Cleanup(p.end)
	return p
}

func (p *plumbing) write(text string) {
	p.t.Helper()
	if _, err := p.writer.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// end is the worker's end; the second one does not happen.
func (p *plumbing) end() {
	_ = p.writer.Close()
	<-p.done
}

func TestEachLineGetsItsFrameAndNoPieceDoes(t *testing.T) {
	long := strings.Repeat("x", lineBytesMax)
	tests := []struct {
		name    string
		framing Framing
		writes  []string
		want    string
	}{
		{"bytes as they came", FrameNone, []string{"a\r\n\x00b", "c\n\nd"}, "a\r\n\x00bc\n\nd"},
		{"a prefix before each line", FramePrefix, []string{"a\nb\n"}, "tornado-8000: a\ntornado-8000: b\n"},
		{"an empty line is a line", FramePrefix, []string{"\n\n"}, "tornado-8000: \ntornado-8000: \n"},
		{"a line in pieces", FramePrefix, []string{"he", "l", "lo\nworld\n"}, "tornado-8000: hello\ntornado-8000: world\n"},
		{"the last line without an end gets one", FramePrefix, []string{"a\nb"}, "tornado-8000: a\ntornado-8000: b\n"},
		{"a line that is too long is cut", FramePrefix, []string{long + "yz\n"}, "tornado-8000: " + long + "\ntornado-8000: yz\n"},
		{"the longest that is whole", FramePrefix, []string{long[1:] + "\nyz\n"}, "tornado-8000: " + long[1:] + "\ntornado-8000: yz\n"},
		{"many short lines", FramePrefix, []string{strings.Repeat("\n", 5000)}, strings.Repeat("tornado-8000: \n", 5000)},
		{"a long line without a frame is all there", FrameNone, []string{long + long + "\n"}, long + long + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := lay(t, tt.framing, nil)
			for _, w := range tt.writes {
				p.write(w)
			}
			p.end()
			if got := p.out.String(); got != tt.want {
				t.Errorf("got %d bytes %.80q, want %d %.80q", len(got), got, len(tt.want), tt.want)
			}
			if len(p.buf) > lineBytesMax || cap(p.Stream.out) > lineBytesMax {
				t.Errorf("memory: got %d and %d bytes, want at most %d", len(p.buf), cap(p.Stream.out), lineBytesMax)
			}
		})
	}
}

func TestALineInJSONSaysWhoWroteIt(t *testing.T) {
	p := lay(t, FrameJSON, nil)
	p.write("say \"hi\" <b>\xff\r\n{\"a\":1}\n")
	p.end()
	var messages []string
	for _, line := range strings.Split(strings.TrimSpace(p.out.String()), "\n") {
		var got struct {
			Time                 time.Time
			Process, Stream, Msg string
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got.Process != "tornadoes:tornado-8000" || got.Stream != "stderr" || time.Since(got.Time) > time.Minute {
			t.Errorf("got %+v, want the process, the stream and the time", got)
		}
		messages = append(messages, got.Msg)
	}
	if want := "say \"hi\" <b>\ufffd|{\"a\":1}"; strings.Join(messages, "|") != want {
		t.Errorf("messages: got %q, want %q", messages, want)
	}
}

func TestAPromptWithoutALineEndIsNotHeldBack(t *testing.T) {
	p := lay(t, FrameNone, nil)
	p.write("Password: ")
	waitFor(t, "the prompt to come through", func() bool { return p.out.String() == "Password: " })
	p.write("ok\n")
	waitFor(t, "the rest", func() bool { return p.out.String() == "Password: ok\n" })
}

func TestLinesOfSeveralWorkersDoNotMix(t *testing.T) {
	first := lay(t, FrameNone, nil)
	second := lay(t, FrameNone, first.sink)
	first.write("part")
	waitFor(t, "the part", func() bool { return first.out.String() == "part" })
	second.write("whole\n")
	waitFor(t, "the other's line", func() bool { return first.out.String() == "part\nwhole\n" })
	first.write("of a line\n")
	waitFor(t, "the rest", func() bool { return first.out.String() == "part\nwhole\nof a line\n" })
}

// TestAStalledReaderStallsTheWriterAlone: percore holds a bounded part of what a worker writes, however little is read
// it.
func TestAStalledReaderStallsTheWriterAlone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p := lay(t, FrameNone, &Sink{name: "out", writer: writer, log: slog.New(slog.DiscardHandler), total: new(atomic.Uint64)})
	var written atomic.Int64
	go func() {
		line := []byte(strings.Repeat("x", 99) + "\n")
		for {
			n, err := p.writer.Write(line)
			if err != nil {
				return
			}
			written.Add(int64(n))
		}
	}()
	before := int64(-1)
	waitFor(t, "the writer to stall", func() bool {
		now := written.Load()
		stalled := now == before
		before = now
		time.Sleep(20 * time.Millisecond)
		return stalled && now > 0
	})
	if got := written.Load(); got > 256<<10 {
		t.Errorf("got %d bytes taken from the worker, want no more than two pipes and a buffer hold", got)
	}
	writer.Close()
	p.writer.Close()
}
