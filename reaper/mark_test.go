package reaper

import (
	"log/slog"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"percore/reaper/tree"
)

func TestAMarkIsToldFromAnybodysLimit(t *testing.T) {
	line := func(soft string) string {
		return "Limit                     Soft Limit           Hard Limit           Units     \nMax realtime priority     0                    0                    \n" +
			"Max realtime timeout      " + soft + " unlimited            us        \n"
	}
	for name, c := range map[string]struct {
		text string
		want mark
	}{
		"a mark":                      {line("2305843009213706297 "), 2305843009213706297},
		"no limit":                    {line("unlimited           "), 0},
		"a limit for real":            {line("200000              "), 0},
		"a limit above all marks":     {line("9223372036854775807 "), 0},
		"no number":                   {line("x                   "), 0},
		"a line that ends too early":  {"Max realtime timeout", 0},
		"no such line":                {"Max cpu time 1 1 seconds\n", 0},
		"nothing at all":              {"", 0},
		"the kernel without the unit": {"Max realtime timeout 2305843009213706297", 2305843009213706297},
	} {
		if got := parseLimits([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestAMarkInAnEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want mark
	}{
		"among others":    {"A=1\x00PERCORE_WORKER_MARK=2000000000000005\x00B=2\x00", 0x2000000000000005},
		"the first":       {"PERCORE_WORKER_MARK=2000000000000005", 0x2000000000000005},
		"a longer name":   {"XPERCORE_WORKER_MARK=5\x00", 0},
		"not a number":    {"PERCORE_WORKER_MARK=zz\x00", 0},
		"one that is not": {"A=PERCORE_WORKER_MARK=5\x00", 0},
		"nothing":         {"", 0},
	} {
		if got := parseEnviron([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %x, want %x", name, got, c.want)
		}
	}
}

func TestAnEnvironmentHasOneMark(t *testing.T) {
	env := []string{"PERCORE_WORKER_MARK=9", "A=1"}
	if got, want := mark(16).environ(env), []string{"A=1", "PERCORE_WORKER_MARK=10"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := mark(0).environ(env); !slices.Equal(got, env) {
		t.Errorf("without a mark: got %q, want %q", got, env)
	}
}

func TestMarksOfTwoPercoresAreNoSiblings(t *testing.T) {
	a, b := markSalt(), markSalt()
	if !mark(a + 1).isSibling(mark(a + 2)) {
		t.Errorf("%x and %x: got strangers, want siblings", a+1, a+2)
	}
	if mark(a + 1).isSibling(mark(b + 1)) {
		t.Errorf("%x and %x: got siblings, want strangers", a+1, b+1)
	}
	for _, salt := range []uint64{a, b} {
		if m := parseLimits([]byte("Max realtime timeout " + strconv.FormatUint(salt, 10))); uint64(m) != salt {
			t.Errorf("%x as a limit: got %x, want the same", salt, uint64(m))
		}
	}
}

// A number that has been given away may lead the group of another child's processes by now.
func TestAGroupThatAnotherChildLeadsByNowIsNoFamily(t *testing.T) {
	r, ended, exits := New(slog.New(slog.DiscardHandler)), make(chan error, 1), make(chan Exit, 1)
	go func() { ended <- r.Run() }()
	defer func() { r.Close(); <-ended }()
	p, err := r.Spawn(Spec{
		Path: "/bin/sleep", Args: []string{"sleep", "60"}, Env: os.Environ(), KillLeftovers: true, KillDescendants: true,
		Exited: func(e Exit) { exits <- e },
	})
	if err != nil {
		t.Fatal(err)
	}
	own := p.spec.mark
	for name, c := range map[string]struct {
		mark mark
		want bool
	}{
		"its own mark":              {own, true},
		"that of an earlier child":  {own + 1, false},
		"that of another percore":   {own ^ 1<<markSaltShift, true},
		"none: the group is enough": {0, true},
	} {
		f := family{leader: p.pid, gone: true, mark: c.mark}
		if got := f.has(tree.Process{PID: p.pid, Group: p.pid}); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	<-exits
}
