package proc

import (
	"os"
	"strings"
	"testing"
	"time"
)

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
	before, err := ReadUsage(pids)
	if err != nil {
		t.Skip("schedstat is not readable here:", err)
	}
	await(t, "5 ms of work to be counted", func() bool {
		for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
			_ = strings.Repeat("x", 1000)
		}
		after, err := ReadUsage(pids)
		return err == nil && after.Minus(before).CPU >= 5*time.Millisecond
	})
	if CPU(os.Getpid()) < before.CPU || CPU(noProcess) != 0 {
		t.Errorf("got %v of this process, want what it was at least, and 0 of none", CPU(os.Getpid()))
	}
}

func TestReadUsageOfAProcessThatIsGone(t *testing.T) {
	if _, err := ReadUsage([]int{noProcess}); err == nil {
		t.Error("got no error, want one")
	}
	if _, err := ReadRSS([]int{noProcess}); err == nil {
		t.Error("got no memory error, want one")
	}
}

func TestReadRSSOfThisProcess(t *testing.T) {
	got, err := ReadRSS([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if got < 1<<20 {
		t.Errorf("got %d bytes, want more than a megabyte", got)
	}
}
