package pid1

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
)

// line is one line of output, with percore's own parsed.
type line struct {
	at      time.Time // when it was read
	text    string
	stdout  bool
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"msg"`
	Process string    `json:"process"`
	PID     int       `json:"pid"` // in the service's namespace
	Next    string    `json:"next"`
	Reason  string    `json:"reason"`
}

// journal collects the output of a service.
type journal struct {
	mu    sync.Mutex // guards what follows
	lines []line
	rest  [2][]byte // a last line without its end, of stderr and of stdout
}

func newJournal() *journal { return &journal{} }

type stream struct {
	journal *journal
	stdout  bool
}

func (j *journal) stdout() io.Writer { return stream{j, true} }
func (j *journal) stderr() io.Writer { return stream{j, false} }

// Write takes output apart into lines.
func (s stream) Write(p []byte) (int, error) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	rest := &s.journal.rest[0]
	if s.stdout {
		rest = &s.journal.rest[1]
	}
	*rest = append(*rest, p...)
	for {
		before, after, found := bytes.Cut(*rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		s.journal.add(string(before), s.stdout)
		*rest = after
	}
}

func (j *journal) add(text string, stdout bool) {
	l := line{}
	if strings.HasPrefix(text, "{") {
		_ = json.Unmarshal([]byte(text), &l) // what is no JSON is a worker's
	}
	l.at, l.text, l.stdout = time.Now(), text, stdout
	j.lines = append(j.lines, l)
}

// close takes last lines that have no end.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, rest := range j.rest {
		if len(rest) > 0 {
			j.add(string(rest), i == 1)
		}
	}
}

// all returns every line so far that is wanted.
func (j *journal) all(wanted func(line) bool) []line {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []line
	for _, l := range j.lines {
		if wanted(l) {
			list = append(list, l)
		}
	}
	return list
}

// said tells whether some line has all of these in it.
func (j *journal) said(parts ...string) bool {
	return len(j.all(func(l line) bool {
		for _, part := range parts {
			if !strings.Contains(l.text, part) {
				return false
			}
		}
		return true
	})) > 0
}

// tail returns the last n lines.
func (j *journal) tail(n int) string {
	var b strings.Builder
	lines := j.all(func(line) bool { return true })
	for _, l := range lines[max(0, len(lines)-n):] {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// messages returns the lines of percore with that message, about workers only.
func (j *journal) messages(message string) []line {
	return j.all(func(l line) bool { return l.Message == message && l.Process != frontName })
}

const frontName = "percore:front"

// alive returns the processes that were started and have not ended, by their names; of those that are ready only, if asked.
func (j *journal) alive(ready bool) map[string]line {
	now := map[string]line{}
	for _, l := range j.all(func(l line) bool { return l.Process != "" }) {
		switch l.Message {
		case "worker started":
			if !ready {
				now[l.Process] = l
			}
		case "worker ready":
			if ready {
				now[l.Process] = l
			}
		case "worker ended":
			delete(now, l.Process)
		}
	}
	return now
}

// readyWorkers returns the workers that get traffic, without the front door.
func (j *journal) readyWorkers() map[string]line {
	now := j.alive(true)
	delete(now, frontName)
	return now
}
