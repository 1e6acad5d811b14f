package fleet

import (
	"strings"
	"sync"
)

// How much of a worker's output is repeated when it has ended the container: a traceback, not a log.
const (
	tailBytesMax = 8 << 10
	tailLinesMax = 20
)

// tail keeps the end of what a worker wrote, stdout and stderr as they came.
type tail struct {
	mu  sync.Mutex // guards buf: two streams write, the fleet reads
	buf []byte     // at most twice tailBytesMax, so that not every write moves it
	cut bool       // buf does not start with the first byte ever written
}

func (t *tail) keep(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*tailBytesMax {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailBytesMax:]...)
		t.cut = true
	}
}

// lines gives the last lines, without their ends. A first line of which only a part was kept is left out,
// unless it is all there is.
func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept, cut := t.buf, t.cut
	if len(kept) > tailBytesMax {
		kept, cut = kept[len(kept)-tailBytesMax:], true
	}
	text := strings.TrimRight(string(kept), "\r\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if cut && len(lines) > 1 {
		lines = lines[1:]
	}
	lines = lines[max(0, len(lines)-tailLinesMax):]
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}
