package initsuite

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// board is the comparison's result: a column for each init, percore's first.
type board struct {
	scenarios []scenario
	names     []string
	versions  []string
	columns   [][]verdict
}

func (b *board) add(c candidate, verdicts []verdict) {
	b.names = append(b.names, c.name)
	b.versions = append(b.versions, c.versionLine())
	b.columns = append(b.columns, verdicts)
}

// behind says that another init is ahead of percore in a row.
func (b *board) behind(row int) bool {
	return slices.ContainsFunc(b.columns[1:], func(other []verdict) bool {
		return other[row].better(b.columns[0][row])
	})
}

// ahead says that percore keeps what none of the others keeps, or has the best figure.
func (b *board) ahead(row int) bool {
	return !slices.ContainsFunc(b.columns[1:], func(other []verdict) bool {
		return !b.columns[0][row].better(other[row])
	})
}

// machine is where the page was measured.
type machine struct {
	kernel, cpu, engine string
	cpus                int
	day                 time.Time
	quick               bool // measured with fewer rounds
}

func survey() machine {
	var name unix.Utsname
	unix.Uname(&name) //nolint:errcheck // fails for a bad pointer only
	m := machine{kernel: unix.ByteSliceToString(name.Release[:]), cpus: runtime.NumCPU(), day: time.Now(), quick: *quick}
	m.cpu, m.engine = "an unnamed CPU", "none"
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			m.cpu = strings.TrimSpace(value)
			break
		}
	}
	if out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").Output(); err == nil {
		m.engine = strings.TrimSpace(string(out))
	}
	return m
}

const preamble = `# percore as an init, side by side

` + "`percore init -- CMD`" + ` and the inits that Debian packages, held to the same promises by the same program. This page is
written by

    go test ./e2e/initsuite -run TestCompare -compare -timeout 1h

and a single init, whichever it is, can be asked with

    make e2e-init INIT="tini --"

*yes* and *no* say whether the promise is kept, with what was seen; *n/a* is a feature the init does not have; *?* could not be
run. Unless a row says otherwise the init is PID 1 of a namespace of its own (as with
` + "`unshare --pid --fork --mount-proc`" + `) and started without options; what it does only when asked is asked for.

`

// markdown is the page. Rows where percore is not the best come first.
func (b *board) markdown(m machine) string {
	var out strings.Builder
	out.WriteString(preamble)
	if m.quick {
		out.WriteString("This is a quick run (-quick): fewer rounds, shorter storms, and a machine that others used as well.\n\n")
	}
	fmt.Fprintf(&out, "Measured on %s: Linux %s, %d × %s, Docker %s.\n\n", m.day.Format("2 January 2006"), m.kernel, m.cpus, m.cpu, m.engine)
	for i, name := range b.names {
		fmt.Fprintf(&out, "- %s: `%s`\n", name, b.versions[i])
	}
	var worse, better []int
	for row := range b.scenarios {
		if b.behind(row) {
			worse = append(worse, row)
		} else if b.ahead(row) {
			better = append(better, row)
		}
	}
	fmt.Fprintf(&out, "\nOf %d promises and figures percore is behind another init in %d, and ahead of all of them in %d.\n",
		len(b.scenarios), len(worse), len(better))
	b.table(&out, "Where percore is not the best", worse)
	b.reasons(&out)
	for start := 0; start < len(b.scenarios); {
		part := b.scenarios[start].part
		end := start
		var rows []int
		for ; end < len(b.scenarios) && b.scenarios[end].part == part; end++ {
			rows = append(rows, end)
		}
		b.table(&out, part, rows)
		start = end
	}
	return out.String()
}

func (b *board) table(out *strings.Builder, title string, rows []int) {
	fmt.Fprintf(out, "\n## %s\n\n", title)
	if len(rows) == 0 {
		out.WriteString("Nowhere.\n")
		return
	}
	fmt.Fprintf(out, "| promise | %s |\n|---|%s\n", strings.Join(b.names, " | "), strings.Repeat("---|", len(b.names)))
	for _, row := range rows {
		cells := []string{b.scenarios[row].name}
		for _, column := range b.columns {
			cells = append(cells, cell(column[row].String()))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

// reasons are those of the promises that percore breaks knowingly.
func (b *board) reasons(out *strings.Builder) {
	var lines []string
	for row, s := range b.scenarios {
		if s.tolerated != "" && b.columns[0][row].answer == no {
			lines = append(lines, fmt.Sprintf("- %s: %s.\n", s.name, s.tolerated))
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(out, "\nKnown exceptions, and why:\n\n%s", strings.Join(lines, ""))
	}
}

// cellMax is what still reads well in a table of five columns.
const cellMax = 70

func cell(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "|", "\\|")
	if runes := []rune(text); len(runes) > cellMax {
		text = string(runes[:cellMax-1]) + "…"
	}
	return text
}

func TestThePageBeginsWithWhatPercoreIsWorseAt(t *testing.T) {
	b := board{scenarios: []scenario{
		{part: "Exit", name: "a"},
		{part: "Exit", name: "b", tolerated: "it is hard"},
		{part: "Signals", name: "c"},
	}}
	b.add(candidate{name: "percore", version: []string{"true"}}, []verdict{kept(), broken("x|y"), measured(2, 0, "ms")})
	b.add(candidate{name: "other", version: []string{"true"}}, []verdict{broken(""), kept(), measured(3, 0, "ms")})
	got := b.markdown(machine{})
	for _, want := range []string{
		"behind another init in 1, and ahead of all of them in 2.",
		"## Where percore is not the best\n\n| promise | percore | other |\n|---|---|---|\n| b | no, x\\|y | yes |\n",
		"- b: it is hard.\n",
		"## Exit\n\n| promise | percore | other |\n|---|---|---|\n| a | yes | no |\n| b |",
		"## Signals\n\n| promise | percore | other |\n|---|---|---|\n| c | 2 ms | 3 ms |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got a page without %q:\n%s", want, got[len(preamble):])
		}
	}
}

func TestABetterVerdictIsStrictlyBetter(t *testing.T) {
	cases := []struct {
		name  string
		v, w  verdict
		wants bool
	}{
		{"a promise kept is better than one broken", kept(), broken(""), true},
		{"a promise kept is better than a feature that is absent", kept(), verdict{answer: absent}, true},
		{"a promise broken is not better than a feature that is absent", broken(""), verdict{answer: absent}, false},
		{"two promises kept are equal", kept(), kept(), false},
		{"a smaller figure is better", measured(1, 0, ""), measured(2, 0, ""), true},
		{"a figure within its limit is better than one beyond", measured(1, 5, ""), measured(6, 5, ""), true},
		{"59 of 60 are better than 30 of 60", count(59, 60, ""), count(30, 60, ""), true},
		{"nothing is better than what could not be run", kept(), verdict{answer: unknown}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.v.better(c.w); got != c.wants {
				t.Errorf("got %v, want %v", got, c.wants)
			}
			if c.wants && c.w.better(c.v) {
				t.Error("the other way round: got true, want false")
			}
		})
	}
}
