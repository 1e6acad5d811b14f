package fleet

import (
	"reflect"
	"syscall"
	"testing"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

func TestZeroFieldsHaveDefaults(t *testing.T) {
	got := Program{}.withDefaults()
	want := Program{
		Workers: 1, WorkersMax: 1024, Stopping: Stopping{
			StopSignal: syscall.SIGTERM, StopWaitSecs: 10 * time.Second, DrainTimeout: 30 * time.Second,
		}, ReadyTimeout: time.Minute, Ready: probe.Check{Kind: probe.None},
		Health: probe.Health{Check: probe.Check{Kind: probe.None}, Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3},
		Policy: lifecycle.Policy{Backoff: lifecycle.Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second, Jitter: 0.2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("defaults: got %+v, want %+v", got, want)
	}
}

func TestChanged(t *testing.T) {
	base := func() Program {
		return Program{Group: "web", Name: "app", Workers: 2, Env: []string{"A=1"}, Policy: lifecycle.Policy{ExitCodes: []int{0}}}
	}
	for name, c := range map[string]struct {
		change func(*Program)
		want   Change
	}{
		"nothing":                       {func(*Program) {}, ChangeNone},
		"how many":                      {func(p *Program) { p.Workers, p.WorkersMax = 3, 4 }, ChangeNone},
		"functions are not comparable":  {func(p *Program) { p.Check = func() error { return nil } }, ChangeNone},
		"the judgement of an end":       {func(p *Program) { p.ExitCodes = []int{0, 2} }, ChangeJudged},
		"how one is stopped":            {func(p *Program) { p.StopSignal = syscall.SIGQUIT }, ChangeJudged},
		"a part of a part":              {func(p *Program) { p.Critical, p.DrainTimeout = true, time.Minute }, ChangeJudged},
		"its traffic":                   {func(p *Program) { p.Traffic = true }, ChangeProcess},
		"where its output goes":         {func(p *Program) { p.Stdout.Path = "/var/log/x" }, ChangeProcess},
		"the environment":               {func(p *Program) { p.Env = []string{"A=2"} }, ChangeProcess},
		"judgement first, then process": {func(p *Program) { p.StartSecs, p.RedirectStderr = time.Minute, true }, ChangeProcess},
	} {
		p, q := base(), base()
		c.change(&q)
		if got := p.Changed(q); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
		if got := q.Changed(p); got != c.want {
			t.Errorf("%s, the other way round: got %d, want %d", name, got, c.want)
		}
	}
}

// A tag that Changed does not know would take a new process.
func TestTheTagsOfAProgramAreKnown(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Program]()) {
		switch tag, tagged := field.Tag.Lookup("change"); tag {
		case "count", "judged", "own":
		default:
			if tagged {
				t.Errorf("%s: got tag %q, want count, judged or own", field.Name, tag)
			}
		}
	}
}
