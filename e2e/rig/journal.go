package rig

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Line is one line of output, with percore's own parsed.
type Line struct {
	Text    string
	Stdout  bool
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"msg"`
	Process string    `json:"process"`
	PID     int       `json:"pid"` // in the service's namespace
	Next    string    `json:"next"`
	Reason  string    `json:"reason"`
	Count   int       `json:"count"`
}

// FrontName is what percore's log calls the front door.
const FrontName = "percore:front"

// Journal is what a program and all below it have written so far. It is fed through its writers or, with FollowFile, out of
// a file; it may be read at any time.
type Journal struct {
	mu    sync.Mutex // guards what follows
	lines []Line
	rest  [2][]byte // a last line without its end, of stderr and of stdout
	file  *os.File  // read before each look; nil when the writers feed the journal
}

// stream is one of a journal's writers.
type stream struct {
	journal *Journal
	stdout  bool
}

// Stdout takes what a program writes to its standard output.
func (j *Journal) Stdout() io.Writer { return stream{j, true} }

// Stderr takes what it writes to its standard error.
func (j *Journal) Stderr() io.Writer { return stream{j, false} }

// Write takes output apart into lines.
func (s stream) Write(p []byte) (int, error) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.take(p, s.stdout)
	return len(p), nil
}

// take adds output. The caller has the lock.
func (j *Journal) take(p []byte, stdout bool) {
	rest := &j.rest[0]
	if stdout {
		rest = &j.rest[1]
	}
	*rest = append(*rest, p...)
	for {
		before, after, found := bytes.Cut(*rest, []byte("\n"))
		if !found {
			return
		}
		j.add(string(before), stdout)
		*rest = after
	}
}

func (j *Journal) add(text string, stdout bool) {
	l := Line{}
	if strings.HasPrefix(text, "{") {
		_ = json.Unmarshal([]byte(text), &l) // what is no JSON is a worker's
	}
	l.Text, l.Stdout = text, stdout
	j.lines = append(j.lines, l)
}

// FollowFile has the journal read a file that a program appends to, as lines of its standard error. A file never holds a
// writer up, nor does it make percore drop lines, however busy the machine is.
func (j *Journal) FollowFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file = file
	return nil
}

// look takes the lock and what has come since the last look.
func (j *Journal) look() (unlock func()) {
	j.mu.Lock()
	if j.file != nil {
		more, _ := io.ReadAll(j.file) // a regular file
		j.take(more, false)
	}
	return j.mu.Unlock
}

// end takes last lines that have no end, and lets the file go.
func (j *Journal) end() {
	defer j.look()()
	for i, rest := range j.rest {
		if len(rest) > 0 {
			j.add(string(rest), i == 1)
		}
		j.rest[i] = nil
	}
	if j.file != nil {
		_ = j.file.Close() // it was only read
		j.file = nil
	}
}

// All returns every line so far that is wanted.
func (j *Journal) All(wanted func(Line) bool) []Line {
	defer j.look()()
	var list []Line
	for _, l := range j.lines {
		if wanted(l) {
			list = append(list, l)
		}
	}
	return list
}

// Said reports whether some line has all of these in it.
func (j *Journal) Said(parts ...string) bool {
	return len(j.All(func(l Line) bool {
		for _, part := range parts {
			if !strings.Contains(l.Text, part) {
				return false
			}
		}
		return true
	})) > 0
}

// Unfinished is the last line of stdout, as long as it has no end.
func (j *Journal) Unfinished() string {
	defer j.look()()
	return string(j.rest[1])
}

// Text is all output so far, of both streams in the order in which it came.
func (j *Journal) Text() string {
	defer j.look()()
	var b strings.Builder
	for _, l := range j.lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String() + string(j.rest[0]) + string(j.rest[1])
}

// logLinesMax bounds how much of a log a failing test shows.
const logLinesMax = 60

// Tail is the end of what was said, as a failing test shows it.
func (j *Journal) Tail() string {
	var b strings.Builder
	lines := j.All(func(Line) bool { return true })
	for _, l := range lines[max(0, len(lines)-logLinesMax):] {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

// Lines returns percore's own lines with that message.
func (j *Journal) Lines(message string) []Line {
	return j.All(func(l Line) bool { return l.Message == message })
}

// WorkerLines is Lines but for what is about the front door.
func (j *Journal) WorkerLines(message string) []Line {
	return j.All(func(l Line) bool { return l.Message == message && l.Process != FrontName })
}

// Alive returns the processes that were started and have not ended, by their names; of those that are ready only, if asked.
func (j *Journal) Alive(ready bool) map[string]Line {
	now := map[string]Line{}
	for _, l := range j.All(func(l Line) bool { return l.Process != "" }) {
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

// ReadyWorkers returns the workers that get traffic, without the front door.
func (j *Journal) ReadyWorkers() map[string]Line {
	now := j.Alive(true)
	delete(now, FrontName)
	return now
}
