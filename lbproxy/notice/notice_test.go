package notice_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"percore/lbproxy/notice"
)

// logTo is a logger without times, of all levels.
func logTo(w *strings.Builder) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// drained runs q until it has written what was offered.
func drained(q *notice.Queue) {
	stop := make(chan struct{})
	close(stop)
	q.Run(stop)
}

func TestALineHasWhatIsKnown(t *testing.T) {
	tests := []struct {
		line notice.Line
		want string
	}{
		{
			notice.Line{Level: slog.LevelWarn, Message: "accept paused", Reason: "no descriptors", Side: "internal"},
			`level=WARN msg="accept paused" reason="no descriptors" side=internal tries=0`,
		},
		{
			notice.Line{Message: "request failed", Reason: "r", Side: "upstream", Worker: "webs:web-8000", Status: 502, Tries: 2, Others: 7},
			`level=INFO msg="request failed" reason=r side=upstream tries=2 status=502 others=7 worker=webs:web-8000`,
		},
	}
	for _, test := range tests {
		var log strings.Builder
		q := notice.NewQueue(logTo(&log))
		q.Offer(test.line)
		drained(q)
		if got := log.String(); got != test.want+"\n" {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestLinesAreWrittenInOrderWhileTheQueueRuns(t *testing.T) {
	var log strings.Builder
	q, stop, ended := notice.NewQueue(logTo(&log)), make(chan struct{}), make(chan struct{})
	go func() { q.Run(stop); close(ended) }()
	for i := range 100 {
		q.Offer(notice.Line{Message: fmt.Sprint("line ", i)})
	}
	close(stop)
	<-ended
	at := 0
	for i := range 100 {
		found := strings.Index(log.String()[at:], fmt.Sprintf(`msg="line %d"`, i))
		if found < 0 {
			t.Fatalf("line %d is not behind the one before, in\n%s", i, log.String())
		}
		at += found
	}
}

// A loop must not wait for a log that is not read.
func TestWhatIsTooMuchIsDroppedAndCounted(t *testing.T) {
	var log strings.Builder
	q := notice.NewQueue(logTo(&log))
	for range 300 {
		q.Offer(notice.Line{Message: "again"})
	}
	drained(q)
	if got := strings.Count(log.String(), "msg=again"); got != 256 {
		t.Errorf("lines: got %d, want the 256 that may wait", got)
	}
	if got := strings.Count(log.String(), `msg="log lines dropped" count=44`); got != 1 {
		t.Errorf("lines about the rest: got %d, want 1 that counts 44", got)
	}
}
