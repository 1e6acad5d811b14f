package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tail := " S 7 4 4 0 -1 4194304 100 0 0 0 31 42 0 0 20 0 1 0 5150 2449408 200 18446744073709551615"
	cases := []struct {
		name string
		text string
		want statFields
		bad  bool
	}{
		{"an ordinary name", "12 (nginx)" + tail, statFields{ppid: 7, user: 31, sys: 42, started: 5150}, false},
		{"a name with spaces and parentheses", "12 (a) b (c)" + tail, statFields{ppid: 7, user: 31, sys: 42, started: 5150}, false},
		{"no name at all", "12 S 7", statFields{}, true},
		{"cut short", "12 (nginx) S 7 4", statFields{}, true},
		{"a letter where a number belongs", strings.Replace("12 (nginx)"+tail, " 31 ", " x ", 1), statFields{}, true},
		{"nothing", "", statFields{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStat(c.text)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if err == nil && got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestParseSchedstat(t *testing.T) {
	cases := []struct {
		name string
		text string
		want time.Duration
		bad  bool
	}{
		{"time on the CPU is the first field", "125270045 89709682 89\n", 125270045, false},
		{"a thread that never ran", "0 0 0\n", 0, false},
		{"accounting is off and the file is empty", "", 0, true},
		{"a field is missing", "1 2\n", 0, true},
		{"not a number", "x 2 3\n", 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseSchedstat(c.text)
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("got %v, %v; want %v, an error: %v", got, err, c.want, c.bad)
			}
		})
	}
}

func TestParseRSS(t *testing.T) {
	cases := []struct {
		name string
		text string
		want int64
		bad  bool
	}{
		{"kilobytes become bytes", "Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    4608 kB\nRssAnon:\t 4 kB\n", 4608 * 1024, false},
		{"a kernel thread has no such line", "Name:\tkthreadd\n", 0, true},
		{"not a number", "VmRSS:\t many kB\n", 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseRSS(c.text)
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("got %d, %v; want %d, an error: %v", got, err, c.want, c.bad)
			}
		})
	}
}

func TestReadUsageSeesThisProcessWork(t *testing.T) {
	pids := []int{os.Getpid()}
	before, err := readUsage(pids)
	if err != nil {
		t.Skip("schedstat is not readable here:", err)
	}
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		_ = strings.Repeat("x", 1000)
	}
	after, err := readUsage(pids)
	if err != nil {
		t.Fatal(err)
	}
	if used := after.minus(before).cpu; used < 5*time.Millisecond {
		t.Errorf("got %v of CPU time for 30 ms of work, want at least 5 ms", used)
	}
}

func TestReadUsageOfAProcessThatIsGone(t *testing.T) {
	if _, err := readUsage([]int{1 << 30}); err == nil {
		t.Error("got no error, want one")
	}
	if _, err := readRSS([]int{1 << 30}); err == nil {
		t.Error("got no memory error, want one")
	}
}

func TestReadRSSOfThisProcess(t *testing.T) {
	got, err := readRSS([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if got < 1<<20 {
		t.Errorf("got %d bytes, want more than a megabyte", got)
	}
}

func TestDescendantsListsParentsBeforeChildren(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 30 & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var family []proc
	for deadline := time.Now().Add(5 * time.Second); len(family) < 2 && time.Now().Before(deadline); {
		family = descendants(cmd.Process.Pid)
	}
	for _, p := range family {
		if now, err := readProc(p.pid); err == nil && now.same(p) {
			_ = exec.Command("kill", "-9", itoa(p.pid)).Run()
		}
	}
	_ = cmd.Wait()
	if len(family) != 2 || family[0].pid != cmd.Process.Pid || family[1].ppid != cmd.Process.Pid {
		t.Errorf("got %+v, want the shell and then its child", family)
	}
	if got := descendants(cmd.Process.Pid); got != nil {
		t.Errorf("got %+v for a process that is gone, want nothing", got)
	}
}
