package plan

import (
	"errors"
	"math"
	"strings"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/reaper"
	"percore/reaper/cpus"
	"percore/reaper/room"
)

// roomy is a machine with two CPUs on which everything is allowed, to a percore that runs as uid.
func roomy(uid int) machine {
	return machine{
		uid: uid, memory: func() int64 { return 0 }, maySwitch: func() bool { return true },
		threads: func() int { return 5 },
		count:   func(float64) cpus.Count { return cpus.Count{N: 2, Why: "affinity"} },
		room:    func(int) room.Room { return room.Room{Left: math.MaxInt32} },
	}
}

// planOn is the plan of a machine for an environment, with the command `true` unless that says otherwise.
func planOn(t *testing.T, m machine, environ ...string) (*config.Config, *Plan, error) {
	t.Helper()
	cfg, _, err := config.Load(environment.Overlay([]string{"PERCORE_COMMAND=true"}, environ), m.uid)
	if err != nil {
		t.Fatal(err)
	}
	p, err := makeOn(m, cfg)
	return cfg, p, err
}

func TestHowManyWorkersAndLoops(t *testing.T) {
	for name, c := range map[string]struct {
		environ        []string
		cpus           int
		workers, loops int
	}{
		"one worker for each CPU":            {cpus: 2, workers: 2, loops: 1},
		"one CPU":                            {cpus: 1, workers: 1, loops: 1},
		"eight are one loop's":               {cpus: 8, workers: 8, loops: 1},
		"nine are two's":                     {cpus: 9, workers: 9, loops: 2},
		"sixty-four":                         {cpus: 64, workers: 64, loops: 8},
		"loops by the CPUs, not the workers": {environ: []string{"PERCORE_WORKERS=40"}, cpus: 2, workers: 40, loops: 1},
		"without traffic":                    {environ: []string{"PERCORE_MODE=none"}, cpus: 3, workers: 3, loops: 1},
		"further programs are no workers": {
			environ: []string{"PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_WORKERS=7"}, cpus: 2,
			workers: 2, loops: 1,
		},
		"nor is there one where they are all": {
			environ: []string{"PERCORE_MODE=none", "PERCORE_COMMAND=", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true"},
			cpus:    2, workers: 0, loops: 1,
		},
		"what a limit of the task makes of it": {environ: nil, cpus: 4, workers: 4, loops: 1},
	} {
		m := roomy(1000)
		m.count = func(float64) cpus.Count { return cpus.Count{N: c.cpus, Why: "affinity"} }
		_, p, err := planOn(t, m, c.environ...)
		if err != nil || p.Workers != c.workers || p.Loops != c.loops {
			t.Errorf("%s: got %+v and %v, want %d workers and %d loops", name, p, err, c.workers, c.loops)
		}
	}
}

func TestWhatThereIsToRun(t *testing.T) {
	further := []string{"PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true"}
	for name, c := range map[string]struct {
		environ []string
		err     error
	}{
		"a command":                              {},
		"none":                                   {environ: []string{"PERCORE_COMMAND="}, err: ErrNoCommand},
		"none, and no traffic":                   {environ: []string{"PERCORE_COMMAND=", "PERCORE_MODE=none"}, err: ErrNoCommand},
		"further programs do where none listens": {environ: append([]string{"PERCORE_COMMAND=", "PERCORE_MODE=none"}, further...)},
		"but answer no request":                  {environ: append([]string{"PERCORE_COMMAND="}, further...), err: ErrNoCommand},
		"nor are they mode init's child": {
			environ: append([]string{"PERCORE_COMMAND=", "PERCORE_MODE=init"}, further...), err: ErrNoCommand,
		},
	} {
		if _, p, err := planOn(t, roomy(1000), c.environ...); !errors.Is(err, c.err) || (p == nil) != (c.err != nil) {
			t.Errorf("%s: got %+v and %v, want error %v", name, p, err, c.err)
		}
	}
}

func TestWhatTheMachineHasAgainstAConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		cpus    int
		err     string
	}{
		"more workers than ports, once they are counted": {
			environ: []string{"PERCORE_PORTS_FROM=65530"}, cpus: 8,
			err: "8 workers from port 65530 on would need port 65537",
		},
		"a worker on the front door's port": {
			environ: []string{"PERCORE_LISTEN=127.0.0.1:8003"}, cpus: 4, err: "worker 3 would need port 8003",
		},
		"which three have not": {environ: []string{"PERCORE_LISTEN=127.0.0.1:8003"}, cpus: 3},
		"no such user": {
			environ: []string{"PERCORE_USER=no-such-user-x"}, cpus: 1, err: "PERCORE_USER=no-such-user-x: ",
		},
		"no such user of a further program": {
			environ: []string{"PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_USER=no-such-user-x"},
			cpus:    1, err: "PERCORE_A_USER=no-such-user-x: ",
		},
	} {
		m := roomy(0)
		m.count = func(float64) cpus.Count { return cpus.Count{N: c.cpus} }
		_, _, err := planOn(t, m, c.environ...)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v, want %q", name, err, c.err)
		}
	}
	_, _, err := planOn(t, roomy(0), "PERCORE_USER=no-such-user-x")
	var setting *SettingError
	if !errors.As(err, &setting) || setting.Name != "PERCORE_USER" || setting.Value != "no-such-user-x" || errors.Unwrap(setting) != setting.Err {
		t.Errorf("got %#v, want the variable, its value and the cause apart", err)
	}
}

// The front door is another user than the workers wherever percore may see to that.
func TestWhoTheFrontDoorIs(t *testing.T) {
	const nobody = "65534:65534"
	for name, c := range map[string]struct {
		uid       int
		mayNot    bool // the kernel lets no child have another user
		environ   []string
		front     uint32 // 0: percore's own
		note, err string
	}{
		"root's workers: the overflow id": {front: 65534},
		"workers that have it: the next":  {environ: []string{"PERCORE_USER=" + nobody}, front: 65533},
		"a further program has it": {
			environ: []string{"PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true", "PERCORE_A_USER=" + nobody},
			front:   65533,
		},
		"one that is wanted": {environ: []string{"PERCORE_FRONT_USER=4242:4242"}, front: 4242},
		"one that the workers have": {
			environ: []string{"PERCORE_FRONT_USER=4242:4242", "PERCORE_USER=4242:1"},
			err:     "is a worker's user as well",
		},
		"root, which the workers are":           {environ: []string{"PERCORE_FRONT_USER=0:0"}, err: "is a worker's user as well"},
		"no capability":                         {mayNot: true, note: "lacks the capabilities SETUID and SETGID"},
		"no capability for one that is wanted":  {mayNot: true, environ: []string{"PERCORE_FRONT_USER=4242:4242"}, err: "--cap-add SETUID"},
		"percore is not root":                   {uid: 1000, note: "share uid 1000"},
		"percore is not root, and no more able": {uid: 1000, mayNot: true, note: "share uid 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			m := roomy(c.uid)
			m.maySwitch = func() bool { return !c.mayNot }
			_, p, err := planOn(t, m, c.environ...)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("got error %v, want %q", err, c.err)
			}
			if c.err != "" {
				return
			}
			if got := p.Front; c.front == 0 && got != nil || c.front != 0 && (got == nil || got.UID != c.front) {
				t.Errorf("got user %+v, want %d", got, c.front)
			}
			if notes := strings.Join(p.notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
				t.Errorf("got notes %q, want %q", notes, c.note)
			}
		})
	}
}

func TestWithoutAFrontDoorThereIsNoUserForIt(t *testing.T) {
	m := roomy(0)
	m.maySwitch = func() bool { t.Error("asked for capabilities"); return false }
	if _, p, err := planOn(t, m, "PERCORE_MODE=none"); err != nil || p.Front != nil || len(p.notes) > 0 {
		t.Errorf("got %+v and %v, want no user and nothing to say", p, err)
	}
}

// The user is the front door's for life, whatever an update makes of the workers'.
func TestAnUpdateKeepsTheFrontDoorsUser(t *testing.T) {
	front := &reaper.Credential{UID: 65534, GID: 65534}
	for name, c := range map[string]struct {
		uid     int
		environ []string
		err     string
	}{
		"nothing changes":            {},
		"the workers become another": {environ: []string{"PERCORE_USER=4242:4242"}},
		"the workers become the front door's": {
			environ: []string{"PERCORE_USER=65534:65534"}, err: "uid 65534 is the front door's",
		},
		"percore is not root":                                {uid: 65534},
		"another is wanted, which is refused for what it is": {environ: []string{"PERCORE_FRONT_USER=4242:4242"}},
	} {
		m := roomy(c.uid)
		current, _, err := planOn(t, m)
		if err != nil {
			t.Fatal(err)
		}
		cfg, p, err := planOn(t, m, c.environ...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.KeepFront(cfg, current, front); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got error %v, want %q", name, err, c.err)
		}
		if p.Front != front {
			t.Errorf("%s: got %+v, want the one for life", name, p.Front)
		}
		if set := cfg.IsSet("PERCORE_FRONT_USER"); !set && cfg.FrontUser != current.FrontUser {
			t.Errorf("%s: got %s to be shown, want %s as before", name, cfg.FrontUser, current.FrontUser)
		}
	}
}
