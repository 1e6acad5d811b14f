package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
)

// newLog makes the log of percore's own events.
func newLog(w io.Writer, level slog.Level, asJSON bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
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
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
