package output

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// queueBytesMax is how much may wait besides the line that is being written: some thousand lines, and little
// beside the 8 MB that PID 1 may use.
const queueBytesMax = 256 << 10

// LastWords is how long the end waits for stderr to take percore's last lines. It has to fit between the end of a
// stop's budget and the container runtime's own kill.
const LastWords = 100 * time.Millisecond

// Queue is an io.Writer for whole lines, one for each call of Write, that never makes its caller wait. A goroutine
// writes them, in order. When more wait than fit, the oldest go: the newest tell why a container ended. A
// line about the loss is put where the lost ones would have been.
type Queue struct {
	out  *File
	wake chan struct{} // holds one token while there is something to do
	done chan struct{} // closed when the goroutine has ended
	torn bool          // the last write was cut inside a line; the goroutine's own

	mu       sync.Mutex // guards what follows: every goroutine writes, the queue's own takes
	lines    [][]byte
	bytes    int    // in lines
	underWay int    // 1 while a line is being written
	dropped  uint64 // lines that were lost before lines[0] and not told of yet
	closed   bool
	notice   func(dropped uint64) []byte
}

// NewQueue makes a queue in front of out and starts its goroutine, which ends after Close.
func NewQueue(out *File) *Queue {
	q := &Queue{out: out, wake: make(chan struct{}, 1), done: make(chan struct{}), notice: plainNotice}
	go q.run()
	return q
}

func plainNotice(dropped uint64) []byte {
	return fmt.Appendf(nil, "percore: %d log lines dropped\n", dropped)
}

// Direct is what the queue writes to.
func (q *Queue) Direct() *File { return q.out }

// SetNotice makes notice word the line about lines that were lost, with its newline. It is called on the queue's
// goroutine.
func (q *Queue) SetNotice(notice func(dropped uint64) []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notice = notice
}

// Write takes one or more whole lines. It never waits and always succeeds; p is copied.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return len(p), nil
	}
	q.lines = append(q.lines, slices.Clone(p))
	q.bytes += len(p)
	for q.bytes > queueBytesMax && len(q.lines) > 1 {
		q.pop()
		q.dropped++
	}
	q.nudge()
	return len(p), nil
}

// Close ends the queue when all that waits is written, and returns then or after d, whichever is first:
// a pipe that is not read must not keep a container from ending. Later lines are lost.
func (q *Queue) Close(d time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.nudge()
	q.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop takes the oldest line; mu is held.
func (q *Queue) pop() []byte {
	line := q.lines[0]
	q.lines[0] = nil
	q.lines = q.lines[1:]
	q.bytes -= len(line)
	return line
}

// run writes what waits, until Close and the last line.
func (q *Queue) run() {
	defer close(q.done)
	for range q.wake {
		for q.writeNext() {
		}
		q.mu.Lock()
		over := q.closed && len(q.lines) == 0
		q.mu.Unlock()
		if over {
			return
		}
	}
}

// writeNext writes the oldest line, after the notice of those lost before it. It is false when nothing waits.
func (q *Queue) writeNext() bool {
	q.mu.Lock()
	q.underWay = 0
	if len(q.lines) == 0 {
		q.lines = nil // or its array would stay as long as it ever was
		q.mu.Unlock()
		return false
	}
	line, dropped, notice := q.pop(), q.dropped, q.notice
	q.dropped, q.underWay = 0, 1
	q.mu.Unlock()
	if dropped > 0 && !q.write(notice(dropped)) || !q.write(line) {
		q.lose(dropped + 1)
	}
	return true
}

func (q *Queue) lose(lines uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropped += lines
}

// write gives up on a line at the first error: a full disk or a broken pipe may be mended by the next one.
// After a line of which only a part went out, the next begins on a line of its own.
func (q *Queue) write(line []byte) bool {
	if q.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := q.out.Write(line)
	if n > 0 {
		q.torn = err != nil
	}
	return err == nil
}

var _ io.Writer = (*Queue)(nil)
