package output_test

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/output"
)

func TestTextIsForPeopleWhoReadAlong(t *testing.T) {
	tests := []struct {
		name    string
		options output.TextOptions
		write   func(*slog.Logger)
		want    string // a regular expression
	}{
		{
			"a line for a file has the date",
			output.TextOptions{},
			func(l *slog.Logger) { l.Info("worker started", "process", "webs:web-8000", "pid", 7) },
			`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) INFO  worker started               process=webs:web-8000 pid=7\n$`,
		},
		{
			"a line for a terminal has not",
			output.TextOptions{Short: true},
			func(l *slog.Logger) { l.Warn("degraded", "reason", "no /proc", "err", errors.New("open /proc: gone")) },
			`^\d\d:\d\d:\d\d\.\d{3} WARN  degraded                     reason="no /proc" err="open /proc: gone"\n$`,
		},
		{
			"columns are aligned and blanks do not trail",
			output.TextOptions{Short: true},
			func(l *slog.Logger) { l.Error("stopping") },
			`^\d\d:\d\d:\d\d\.\d{3} ERROR stopping\n$`,
		},
		{
			"a level has its colour, a name is dim",
			output.TextOptions{Short: true, Colour: true},
			func(l *slog.Logger) { l.Error("fleet ended", "code", 3) },
			`^\x1b\[2m[\d:.]+\x1b\[0m \x1b\[31mERROR\x1b\[0m fleet ended                  \x1b\[2mcode=\x1b\[0m3\n$`,
		},
		{
			"several lines stand below, indented, and what a terminal would obey is spelt",
			output.TextOptions{Short: true},
			func(l *slog.Logger) { l.Error("fleet ended", "last_lines", "boom\n\x1b[2J\tat x\n", "code", 3) },
			`^[\d:.]+ ERROR fleet ended                  code=3\n    last_lines:\n    \| boom\n    \| \\x1b\[2J\\tat x\n$`,
		},
		{
			"durations, times, groups and what comes with the logger",
			output.TextOptions{Short: true},
			func(l *slog.Logger) {
				l.With("process", "percore:front").WithGroup("g").Info("m", "d", 1500*time.Millisecond, slog.Group("h", "t", time.Unix(0, 0).UTC()))
			},
			` INFO  m                            process=percore:front g\.d=1\.5s g\.h\.t=1970-01-01T00:00:00Z\n$`,
		},
		{
			"an empty value and one with an equals sign are quoted",
			output.TextOptions{Short: true},
			func(l *slog.Logger) { l.Info("m", "a", "", "b", "c=d", "", "no name") },
			` a="" b="c=d"\n$`,
		},
		{"what is below the level is not written", output.TextOptions{}, func(l *slog.Logger) { l.Debug("m") }, `^$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			test.write(slog.New(output.NewText(&got, slog.LevelInfo, test.options)))
			if !regexp.MustCompile(test.want).MatchString(got.String()) {
				t.Errorf("got  %q\nwant %s", got.String(), test.want)
			}
		})
	}
}

// countedWriter counts writes: two processes share the terminal, and a line of one must not end up in one of the
// other.
type countedWriter struct{ writes int }

func (c *countedWriter) Write(b []byte) (int, error) { c.writes++; return len(b), nil }

func TestTextIsOneWriteForEachMessage(t *testing.T) {
	var w countedWriter
	slog.New(output.NewText(&w, slog.LevelInfo, output.TextOptions{})).Info("m", "lines", strings.Repeat("a\nb\n", 10))
	if w.writes != 1 {
		t.Errorf("writes: got %d, want 1", w.writes)
	}
}
