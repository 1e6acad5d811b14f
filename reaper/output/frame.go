package output

import (
	"bytes"
	"encoding/json"
	"time"
)

// Framing is what each line of a worker's output gets around it.
type Framing uint8

// The framings.
const (
	FrameNone   Framing = iota // bytes as they came
	FramePrefix                // NAME-PORT: line
	FrameJSON                  // a JSON object a line: time, level, msg, process, stream
)

// Origin says whose output a stream carries, and how.
type Origin struct {
	Process     string // GROUP:NAME-PORT
	Name        string // NAME-PORT
	Incarnation uint64 // of the process, counted from 1
	Kind        Kind
	Framing     Framing
}

// frame appends a line, which comes without its end, as it goes out.
func (o Origin) frame(out, line []byte) []byte {
	switch o.Framing {
	case FrameJSON:
		return frameJSON(out, o.Process, o.Kind.String(), line)
	case FramePrefix, FrameNone:
	default:
	}
	out = append(out, o.Name...)
	out = append(out, ": "...)
	out = append(out, line...)
	return append(out, '\n')
}

// frameJSON replaces what is not UTF-8 by U+FFFD, as JSON demands (RFC 8259 section 8.1).
func frameJSON(out []byte, process, stream string, line []byte) []byte {
	object := bytes.NewBuffer(out)
	encoder := json.NewEncoder(object)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(struct { // strings and a time of this century can always be encoded
		Time    time.Time `json:"time"`
		Level   string    `json:"level"`
		Msg     string    `json:"msg"`
		Process string    `json:"process"`
		Stream  string    `json:"stream"`
	}{time.Now(), "INFO", string(bytes.TrimSuffix(line, []byte("\r"))), process, stream})
	return object.Bytes()
}
