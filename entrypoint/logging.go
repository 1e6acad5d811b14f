package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/output"
)

// logStyle is the form of percore's own log. It is told to the front door over the link.
type logStyle string

const (
	styleJSON     logStyle = "json"     // one schema for whoever collects it: docs/logs.md
	styleText     logStyle = "text"     // for people, in a file
	styleTerminal logStyle = "terminal" // for people who look on: short times
	styleColour   logStyle = "colour"   // the same in colour
)

// newLog makes the log of percore's own events.
func newLog(w io.Writer, level slog.Level, style logStyle) *slog.Logger {
	if queue, ok := w.(*output.Queue); ok {
		queue.SetNotice(func(dropped uint64) []byte { return dropNotice(dropped, style) })
	}
	return slog.New(newHandler(w, level, style))
}

func newHandler(w io.Writer, level slog.Level, style logStyle) slog.Handler {
	if style != styleJSON {
		return output.NewText(w, level, output.TextOptions{Short: style != styleText, Colour: style == styleColour})
	}
	return &signed{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: spellDuration})}
}

// signed says which process a message is about where the message does not: percore itself.
type signed struct{ slog.Handler }

const keyProcess = "process"

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
func dropNotice(dropped uint64, style logStyle) []byte {
	var line bytes.Buffer
	slog.New(newHandler(&line, slog.LevelWarn, style)).Warn("log lines dropped", "count", dropped)
	return line.Bytes()
}

// styleFor decides the log's form: text for a person at a terminal, JSON for whoever collects it.
func styleFor(format value.LogFormat, w io.Writer, environ []string) logStyle {
	terminal := isTerminal(w)
	switch {
	case format == value.LogJSON, format != value.LogText && !terminal:
		return styleJSON
	case !terminal:
		return styleText
	case config.WantsColour(environ):
		return styleColour
	default:
		return styleTerminal
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := direct(w).(*output.File)
	return ok && file.Terminal()
}

// direct is where the workers' own output goes: it is not percore's to drop, so they wait for whoever reads it.
func direct(w io.Writer) io.Writer {
	if queue, ok := w.(*output.Queue); ok {
		return queue.Direct()
	}
	return w
}
