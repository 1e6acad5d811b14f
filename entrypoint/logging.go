package main

import (
	"bytes"
	"io"
	"log/slog"

	"percore/entrypoint/config"
	"percore/entrypoint/output"
)

// newLog makes the log of percore's own events.
func newLog(w io.Writer, level slog.Level, asJSON bool) *slog.Logger {
	if queue, ok := w.(*output.Queue); ok {
		queue.SetNotice(func(dropped uint64) []byte { return dropNotice(dropped, asJSON) })
	}
	return slog.New(newHandler(w, level, asJSON))
}

func newHandler(w io.Writer, level slog.Level, asJSON bool) slog.Handler {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: spellDuration}
	if asJSON {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// spellDuration writes durations as 9s in both formats; JSON would have nanoseconds.
func spellDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// dropNotice is the log line about log lines that were lost.
func dropNotice(dropped uint64, asJSON bool) []byte {
	var line bytes.Buffer
	slog.New(newHandler(&line, slog.LevelWarn, asJSON)).Warn("log lines dropped", "count", dropped)
	return line.Bytes()
}

// wantsJSON decides the log's format: text for a person at a terminal, JSON for whoever collects it.
func wantsJSON(format config.LogFormat, w io.Writer) bool {
	switch format {
	case config.LogJSON:
		return true
	case config.LogText:
		return false
	default:
		return !isTerminal(w)
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
