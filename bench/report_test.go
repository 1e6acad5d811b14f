package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/bench/machine"
	"percore/bench/subject"
)

// finished is a board on which percore needs 20 µs, nginx 25 and the relay 16; haproxy failed. Of 64 KiB there is more, and
// nginx as Debian ships it.
func finished() *board {
	b := newBoard()
	b.rounds = 1
	b.cell("1k-64", "percore").samples = []sample{sampleOf(10000, 200*time.Millisecond, 30, 70)}
	b.cell("1k-64", "nginx").samples = []sample{sampleOf(10000, 250*time.Millisecond, 0, 0)}
	b.cell("1k-64", "relay").samples = []sample{sampleOf(10000, 160*time.Millisecond, 0, 0)}
	b.cell("1k-64", "nginx").syscalls = 5.03
	b.cell("1k-64", "nginx").syscallDetail = "2.00 recvfrom"
	b.cell("1k-64", "haproxy").err = errors.New("wrong answer: status")
	for name, cpu := range map[string]time.Duration{"percore": 300, "nginx": 300, "nginx stock": 600, "relay": 240} {
		b.cell("64k", name).samples = []sample{sampleOf(10000, cpu*time.Millisecond, 0, 0)}
	}
	b.memory["percore"] = memory{conns: 5000, start: 4_600_000, warm: 5_000_000, idle: 5_800_000, aside: 7_000_000}
	return b
}

func TestRowTable(t *testing.T) {
	text := rowTable(usualRows()[0], subject.Names(), finished()).Text()
	got := strings.Join(strings.Fields(text), " ")
	for _, want := range []string{
		"proxy µs/request p25 min user:sys busy syscalls/request × nginx × relay",
		"percore 20.0 20.0 30:70 40 % – 0.80 1.25",
		"nginx 25.0 25.0 – 50 % 5.03 1.00 1.56",
		"relay 16.0 16.0 – 32 % – 0.64 1.00",
		"haproxy FAILED: wrong answer: status",
		"nginx: 2.00 recvfrom",
		"percore: PID 1 used 1.00 µs/request besides",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in:\n%s", want, got)
		}
	}
}

func TestMemoryTable(t *testing.T) {
	got := memoryTable(subject.Names(), finished()).Markdown()
	for _, want := range []string{"| percore | 4.6 | 5.0 | 5000 | 5.8 | 160 | – % |", "PID 1 has 7.0 MB besides"} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "nginx") {
		t.Errorf("got a line for nginx, which was not measured:\n%s", got)
	}
}

func TestGoals(t *testing.T) {
	cases := []struct {
		name  string
		goal  goal
		value float64
		floor float64
		want  string
	}{
		{"below the bar", goal{bar: 0.75, decimals: 2}, 0.6, math.NaN(), "reached"},
		{"rounds to the bar", goal{bar: 0.75, decimals: 2}, 0.754, math.NaN(), "reached"},
		{"over the bar", goal{bar: 0.5, decimals: 2}, 0.75, math.NaN(), "missed by 50 %"},
		{"above a floor", goal{bar: 95, atLeast: true}, 99, math.NaN(), "reached"},
		{"below a floor", goal{bar: 95, atLeast: true}, 76, math.NaN(), "missed by 20 %"},
		{"nothing to compare", goal{bar: 1}, math.NaN(), math.NaN(), "not measured"},
		{"over a bar that the floor is below", goal{bar: 0.5, decimals: 2}, 0.75, 0.45, "missed by 50 %"},
		{"over a bar that the floor is above", goal{bar: 0.5, decimals: 2}, 0.75, 0.7, "missed by 50 %, and by the relay"},
		{"below a bar that the floor is above", goal{bar: 0.5, decimals: 2}, 0.5, 0.55, "reached"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.goal.verdict(c.value, c.floor); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestGoalTable(t *testing.T) {
	got := goalTable("T", goals(), finished()).Markdown()
	for _, want := range []string{
		"| CPU per request, 1 KiB over keep-alive, × nginx | ≤ 0.75 | 0.80 | 0.64 | missed by 7 % |",
		"| CPU per request, 1 KiB over keep-alive, × relay | ≤ 1.25 | 1.25 | 1.00 | reached |",
		"| 64 KiB answer, × nginx stock | ≤ 0.50 | 0.50 | 0.40 | reached |",
		"| 64 KiB answer, × nginx | ≤ 0.50 | 1.00 | 0.80 | missed by 100 %, and by the relay |",
		"| resident bytes per idle connection | ≤ 160 | 160 | – | reached |",
		"| goodput at 5 × overload, of capacity | ≥ 95 % | – | – | not measured |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in:\n%s", want, got)
		}
	}
}

func TestReportHasFactsTablesAndVerdictInBothForms(t *testing.T) {
	o := options{subjects: subject.Names(), rows: usualRows()[:1], slice: 300 * time.Millisecond}
	r := newReport(machine.Facts{Kernel: "Linux 6.1", Versions: []string{"nginx/1.22"}}, o, finished())
	checkText(t, r.summary(), []string{"missed by 7 %", "1 interleaved rounds"}, nil)
	for form, got := range map[string]string{"text": r.text(), "markdown": r.markdown()} {
		for _, want := range []string{"Linux 6.1", "nginx/1.22", "1 interleaved rounds of 300ms", "64 keep-alive", "Resident memory"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got no %q in:\n%s", form, want, got)
			}
		}
	}
}

// TestARunWritesTheSectionsItMeasured has a page whose sections come from different runs.
func TestARunWritesTheSectionsItMeasured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.md")
	b := finished()
	b.cell("upload-64m", "percore").samples = []sample{sampleOf(640, 200*time.Millisecond, 0, 0)}
	write := func(rows []row) string {
		o := options{subjects: subject.Names(), rows: rows, slice: 300 * time.Millisecond}
		if err := newReport(machine.Facts{Kernel: "Linux 6.1"}, o, b).write(file); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	b.memory = nil
	checkText(
		t, write(heldRows()[2:3]),
		[]string{heldSection().Begin(), "of held bodies", "per MiB of bodies, 1 interleaved", "µs/MiB p25", "| percore | 312.5 |"},
		[]string{measuredSection().Begin()},
	)
	first := write(usualRows()[:1])
	checkText(t, first, []string{summarySection().Begin(), measuredSection().Begin(), "µs/request p25", "| percore | 312.5 |"}, nil)
	b.cell("upload-64m", "percore").samples[0].used.CPU *= 2
	checkText(t, write(heldRows()[2:3]), []string{"µs/request p25", "| percore | 625.0 |"}, []string{"| percore | 312.5 |"})
}

func TestRatio(t *testing.T) {
	b := finished()
	cases := []struct {
		name               string
		subject, reference string
		want               float64
	}{
		{"percore over nginx", "percore", "nginx", 0.8},
		{"percore over the floor", "percore", "relay", 1.25},
		{"anything over itself", "nginx", "nginx", 1},
		{"a reference that failed", "percore", "haproxy", math.NaN()},
		{"a subject that was not measured", "haproxy", "nginx", math.NaN()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := b.ratio(requiredRow, c.subject, c.reference)
			if math.Abs(got-c.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
