package output

import (
	"bytes"
	"context"
	"io"
	"log/slog"

	"percore/entrypoint/config/value"
)

// Style is the form of percore's own log. It is told to the front door over the link.
type Style string

// The styles.
const (
	StyleJSON     Style = "json"     // one schema for programs that collect it: docs/logs.md
	StyleText     Style = "text"     // for people, in a file
	StyleTerminal Style = "terminal" // for people at a terminal: short times
	StyleColour   Style = "colour"   // the same in colour
)

// NewLog makes the log of percore's own events.
func NewLog(w io.Writer, level slog.Level, style Style) *slog.Logger {
	if queue, ok := w.(*Queue); ok {
		queue.SetNotice(func(dropped uint64) []byte { return dropNotice(dropped, style) })
	}
	return slog.New(newHandler(w, level, style))
}

func newHandler(w io.Writer, level slog.Level, style Style) slog.Handler {
	if style != StyleJSON {
		return NewText(w, level, TextOptions{Short: style != StyleText, Colour: style == StyleColour})
	}
	return &signed{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: spellDuration})}
}

// signed says which process a message is about where the message does not: percore itself.
type signed struct{ slog.Handler }

const keyProcess = "process"

// Handle adds the process to a message that names none.
func (s *signed) Handle(ctx context.Context, r slog.Record) error {
	named := false
	r.Attrs(func(a slog.Attr) bool {
		named = a.Key == keyProcess
		return !named
	})
	if !named {
		r = r.Clone()
		r.AddAttrs(slog.String(keyProcess, "percore"))
	}
	return s.Handler.Handle(ctx, r)
}

// WithAttrs leaves it at the process that attrs name, if they do.
func (s *signed) WithAttrs(attrs []slog.Attr) slog.Handler {
	inner := s.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == keyProcess {
			return inner
		}
	}
	return &signed{inner}
}

// spellDuration writes durations as 9s; JSON would have nanoseconds.
func spellDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// dropNotice is the log line about log lines that were lost.
func dropNotice(dropped uint64, style Style) []byte {
	var line bytes.Buffer
	slog.New(newHandler(&line, slog.LevelWarn, style)).Warn("log lines dropped", "count", dropped)
	return line.Bytes()
}

// StyleFor decides the log's form: text for a person at a terminal, in colour if that is wanted there, JSON for a
// program that collects it.
func StyleFor(format value.LogFormat, w io.Writer, colour bool) Style {
	terminal := isTerminal(w)
	switch {
	case format == value.LogJSON, format != value.LogText && !terminal:
		return StyleJSON
	case !terminal:
		return StyleText
	case colour:
		return StyleColour
	default:
		return StyleTerminal
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := Direct(w).(*File)
	return ok && file.Terminal()
}

// Direct is where the workers' own output goes: it is not percore's to drop, so they wait for its reader.
func Direct(w io.Writer) io.Writer {
	if queue, ok := w.(*Queue); ok {
		return queue.Direct()
	}
	return w
}
