package output

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/config/value"
)

func TestTheLogSpeaksTheFormatThatIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		format value.LogFormat
		want   Style
	}{
		"JSON":                        {value.LogJSON, StyleJSON},
		"text, into a file":           {value.LogText, StyleText},
		"auto, where nobody looks on": {value.LogAuto, StyleJSON},
	} {
		t.Run(name, func(t *testing.T) {
			if got := StyleFor(c.format, &bytes.Buffer{}, true); got != c.want {
				t.Errorf("style: got %v, want %v", got, c.want)
			}
		})
	}
}

func TestEveryLineInJSONSaysWhichProcessItIsAbout(t *testing.T) {
	tests := []struct {
		name  string
		write func(*slog.Logger)
		want  string
	}{
		{"percore itself", func(l *slog.Logger) { l.Info("m", "pid", 1) }, "percore"},
		{"percore itself, with more of it", func(l *slog.Logger) { l.With("a", 1).Info("m") }, "percore"},
		{"a worker", func(l *slog.Logger) { l.Info("m", "process", "webs:web-8000", "pid", 7) }, "webs:web-8000"},
		{"the front door", func(l *slog.Logger) { l.With("process", "percore:front").Info("m") }, "percore:front"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.write(NewLog(&out, slog.LevelInfo, StyleJSON))
			var line struct{ Time, Level, Msg, Process string }
			if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Process != test.want || line.Msg != "m" || line.Time == "" || line.Level != "INFO" {
				t.Errorf("line %s (%v): want process %q", out.String(), err, test.want)
			}
			if n := strings.Count(out.String(), `"process"`); n != 1 {
				t.Errorf("line %s names %d processes, want 1", out.String(), n)
			}
		})
	}
}

func TestTheNoticeOfLostLinesIsALogLine(t *testing.T) {
	var line struct {
		Level, Msg string
		Count      uint64
	}
	text := dropNotice(7, StyleJSON)
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatalf("notice %q: %v", text, err)
	}
	if line.Level != "WARN" || line.Msg != "log lines dropped" || line.Count != 7 {
		t.Errorf("notice: got %+v, want a warning that counts 7", line)
	}
	if text := string(dropNotice(7, StyleText)); !strings.HasSuffix(text, "log lines dropped            count=7\n") {
		t.Errorf("notice as text: got %q", text)
	}
}

func TestWorkersWriteWhereTheLogEnds(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file := NewFile(writer)
	queue := NewQueue(file)
	if got := Direct(queue); got != file {
		t.Errorf("behind the queue: got %v, want the file", got)
	}
	var buffer bytes.Buffer
	if got := Direct(&buffer); got != &buffer {
		t.Errorf("without a queue: got %v, want the writer itself", got)
	}
	NewLog(queue, slog.LevelInfo, StyleJSON).Info("hello")
	queue.Close(10 * time.Second)
	writer.Close()
	if text, _ := io.ReadAll(reader); !strings.Contains(string(text), `"msg":"hello"`) {
		t.Errorf("log: got %q, want a greeting", text)
	}
}
