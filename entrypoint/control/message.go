package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Version is the version of the messages. It changes when an old client would misunderstand a new server or the other
// way round; new fields do not change it.
const Version = 1

const (
	// requestBytesMax bounds what a client may say: an update may bring an env file along, and one variable is at
	// most 128 KiB (man 2 execve).
	requestBytesMax = 256 << 10
	// namesMax is as many as there may be workers of two programs: each is looked for among all.
	namesMax = 2048
	// frameBytesMax bounds what a client takes in one piece: the status of a thousand workers is a tenth of it.
	frameBytesMax = 4 << 20
)

// Request is what a client wants. Verb says which of the other fields count.
type Request struct {
	Version int      `json:"version"`
	Verb    Verb     `json:"verb"`
	Names   []string `json:"names,omitempty"`  // GROUP:NAME, GROUP:*, NAME or all
	Hard    bool     `json:"hard,omitempty"`   // restart: stop all, then start all
	Signal  string   `json:"signal,omitempty"` // HUP, SIGHUP or 1
	Count   int      `json:"count,omitempty"`  // scale: how many workers
	// Relative makes Count so many workers more, or fewer where it is below 0.
	Relative bool `json:"relative,omitempty"`
	// Comment asks for lines about what is waited for, and where there is output when there is none. supervisorctl
	// has no such lines.
	Comment bool     `json:"comment,omitempty"`
	Stream  string   `json:"stream,omitempty"`  // tail: stdout or stderr
	Bytes   int      `json:"bytes,omitempty"`   // tail: how much from the end
	Follow  bool     `json:"follow,omitempty"`  // tail: until the client leaves
	Set     []string `json:"set,omitempty"`     // update, reread: NAME=VALUE; an empty value is unset
	DryRun  bool     `json:"dry_run,omitempty"` // update: only say what would change
	Verbose bool     `json:"verbose,omitempty"` // status: with what has to be measured
	Environ []string `json:"environ,omitempty"` // check: the client's own configuration
	JSON    bool     `json:"json,omitempty"`    // check: as JSON

	// Introduce asks for a Fleet before anything else: which percore it is that answers.
	Introduce bool `json:"introduce,omitempty"`
}

// Verb is what a Request is about.
type Verb string

// The verbs.
const (
	VerbStatus   Verb = "status"
	VerbStart    Verb = "start"
	VerbStop     Verb = "stop"
	VerbRestart  Verb = "restart"
	VerbSignal   Verb = "signal"
	VerbScale    Verb = "scale"
	VerbDrain    Verb = "drain"
	VerbUndrain  Verb = "undrain"
	VerbTail     Verb = "tail"
	VerbPID      Verb = "pid"
	VerbUpdate   Verb = "update"
	VerbReread   Verb = "reread"
	VerbCheck    Verb = "check"
	VerbShutdown Verb = "shutdown"
	VerbReady    Verb = "ready"
	VerbClear    Verb = "clear"
	VerbLogs     Verb = "logs"
)

// Frame is one piece of an answer; one of its fields is set, and of Done, Code and Error any.
type Frame struct {
	Outcome *Outcome `json:"outcome,omitempty"` // what became of one process
	Process *Process `json:"process,omitempty"`
	Fleet   *Fleet   `json:"fleet,omitempty"`
	Data    []byte   `json:"data,omitempty"` // output of a worker
	Text    string   `json:"text,omitempty"` // lines for people
	Change  *Change  `json:"change,omitempty"`
	Done    bool     `json:"done,omitempty"` // the last one
	Code    int      `json:"code,omitempty"` // of a command line, with Done
	Error   string   `json:"error,omitempty"`
}

// Outcome is what became of an order about one process or group.
type Outcome struct {
	Group string `json:"group"`
	Name  string `json:"name,omitempty"`  // empty: the whole group
	Did   string `json:"did,omitempty"`   // started, stopped, signalled, …
	Fault Fault  `json:"fault,omitempty"` // why it was not done
	Why   string `json:"why,omitempty"`   // more about the fault
}

// Process is one worker at one moment, as `status --json` prints it.
type Process struct {
	Group       string    `json:"group"`
	Name        string    `json:"name"`
	State       string    `json:"state"`
	Ready       bool      `json:"ready"`
	PID         int       `json:"pid"`
	Port        int       `json:"port,omitempty"`
	Started     time.Time `json:"started,omitzero"` // of the process that runs
	Uptime      float64   `json:"uptime_seconds"`
	Restarts    uint64    `json:"restarts"`
	Born        bool      `json:"-"` // whether there ever was a process
	SpawnError  string    `json:"spawn_error,omitempty"`
	LastEnd     string    `json:"last_end,omitempty"`  // how the last process ended, in words
	LastCode    int       `json:"last_code,omitempty"` // 128+n for signal n
	LastAt      time.Time `json:"last_at,omitzero"`
	Diagnosis   string    `json:"diagnosis,omitempty"` // what it listens on instead of where it is expected to
	Description string    `json:"description"`         // supervisord's words
	RSS         int64     `json:"rss_bytes,omitempty"`
	CPU         float64   `json:"cpu_seconds,omitempty"`
	InFlight    *int64    `json:"in_flight,omitempty"` // nil where nothing counts them
	Requests    *uint64   `json:"requests,omitempty"`
	Oldest      float64   `json:"oldest_request_seconds,omitempty"` // age of the oldest request that it has
	Ejected     bool      `json:"ejected,omitempty"`                // the front door does not choose it for a while, as it does not answer
	Priority    int       `json:"priority"`
	Own         bool      `json:"own,omitempty"` // percore's own process, which `all` does not mean
}

// Fleet is what `status --json` says of the whole.
type Fleet struct {
	PID         int      `json:"pid"`
	Version     string   `json:"version"`
	Command     string   `json:"command,omitempty"` // what it runs
	Listen      []string `json:"listen,omitempty"`  // the addresses of the front door
	Ready       bool     `json:"ready"`
	Why         string   `json:"why,omitempty"`         // why it is not ready
	Maintenance string   `json:"maintenance,omitempty"` // what is being done to the workers
	Degraded    string   `json:"degraded,omitempty"`    // why it is not as it should be, such as a halted roll
	Held        *Held    `json:"held,omitempty"`        // by the front door, where that answers
}

// Held is about the bodies that the front door holds in files. What is counted begins with its start.
type Held struct {
	Files     int64 `json:"files"`     // that there are now
	Bytes     int64 `json:"bytes"`     // in all of them now
	BytesMax  int64 `json:"bytes_max"` // that there may be
	Requests  int64 `json:"requests"`  // that were held in a file so far
	Responses int64 `json:"responses"` // likewise
	Refused   int64 `json:"refused"`   // times that there was no room
	Failed    int64 `json:"failed"`    // times that a file could not be made, written or read
}

// Change is what an update does to one variable or group of processes.
type Change struct {
	Variable string `json:"variable,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Effect   string `json:"effect,omitempty"` // how it is put into force, or why it cannot be
	Group    string `json:"group,omitempty"`
	Did      string `json:"did,omitempty"` // available, changed, disappeared; updated process group, …
}

// write sends v as one line.
func write(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode control message: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write control message: %w", err)
	}
	return nil
}

// read takes one line of at most bytesMax bytes. The error is io.EOF when the other side left without a word.
func read(r *bufio.Reader, bytesMax int, v any) error {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > bytesMax:
			return fmt.Errorf("read control message: more than %d bytes", bytesMax)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(line) == 0:
			return err
		case err != nil:
			return fmt.Errorf("read control message: %w", err)
		}
		if err := json.Unmarshal(line, v); err != nil {
			return fmt.Errorf("decode control message: %w", err)
		}
		return nil
	}
}
