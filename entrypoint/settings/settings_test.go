package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/plan"
	"percore/lbproxy"
	"percore/reaper/fleet"
)

// running are settings beside a fleet that is not started and a front door that only keeps what it is told.
type running struct {
	*Settings
	door  lbproxy.Options
	times int // that it was told
}

// runningSettings are those of a percore with this environment that runs `true`.
func runningSettings(t *testing.T, environ ...string) *running {
	t.Helper()
	command := []string{"true"}
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	cfg.UseArguments(command)
	p, err := plan.Make(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{door: p.FrontOptions(cfg)}
	r.Settings = New(Options{
		Environ: environ, Command: command, Config: cfg, Plan: p, Files: noFiles,
		Reconfigure: func(o lbproxy.Options) { r.door = o; r.times++ },
	})
	r.beside(fleet.New(fleet.Options{Programs: p.Programs(cfg, environ, noFiles)}))
	return r
}

func noFiles(uint64) ([]*os.File, func(error), error) { return nil, nil, nil }

// beside puts a fleet in place of the one that is there.
func (s *running) beside(f *fleet.Fleet) { s.o.Status, s.o.Do = f.Status, f.Do }

// ask makes a request and returns the frames in words, the code and the error's text.
func (s *running) ask(t *testing.T, r control.Request) (frames []string, code int, wrong string) {
	t.Helper()
	code, err := s.Answer(t.Context(), r, func(f control.Frame) error {
		switch c := f.Change; {
		case c == nil:
			frames = append(frames, f.Text)
		case c.Group != "":
			frames = append(frames, c.Group+": "+c.Did)
		default:
			frames = append(frames, fmt.Sprintf("%s: %s -> %s", c.Variable, c.From, c.To))
		}
		return nil
	})
	if err != nil {
		wrong = err.Error()
	}
	return frames, code, wrong
}

func TestAnUpdateSaysWhatItWouldChange(t *testing.T) {
	for name, c := range map[string]struct {
		environ, set []string
		changes      []string
		groups       []string // by reread
		code         int
		wrong        string
	}{
		"nothing":                 {},
		"what holds already":      {environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_WORKERS=2"}},
		"the same in other words": {set: []string{"PERCORE_READY_TIMEOUT=1m"}},
		"a setting of the workers": {
			set: []string{"PERCORE_READY_TIMEOUT=5"}, changes: []string{"PERCORE_READY_TIMEOUT: 1m -> 5s"},
			groups: []string{"true: changed"},
		},
		"a setting of the door": {
			set: []string{"PERCORE_QUEUE_SIZE=7"}, changes: []string{"PERCORE_QUEUE_SIZE: 1024 -> 7"},
			groups: []string{"percore: changed"},
		},
		"how many workers": {
			environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_WORKERS=3"},
			changes: []string{"PERCORE_WORKERS: 2 -> 3"}, groups: []string{"true: changed"},
		},
		"an empty value is unset": {
			environ: []string{"PERCORE_QUEUE_SIZE=7"}, set: []string{"PERCORE_QUEUE_SIZE="},
			changes: []string{"PERCORE_QUEUE_SIZE: 7 -> 1024"}, groups: []string{"percore: changed"},
		},
		"the last of several": {
			set:     []string{"PERCORE_QUEUE_SIZE=7", "PERCORE_QUEUE_SIZE=8"},
			changes: []string{"PERCORE_QUEUE_SIZE: 1024 -> 8"}, groups: []string{"percore: changed"},
		},
		"the workers' environment": {
			set: []string{"GREETING=hello"}, changes: []string{"GREETING:  -> (new value)"},
			groups: []string{"true: changed"},
		},
		"what takes a new one": {
			set:     []string{"PERCORE_LISTEN=:9", "PERCORE_QUEUE_SIZE=7"},
			changes: []string{"PERCORE_LISTEN: :8080 -> :9", "PERCORE_QUEUE_SIZE: 1024 -> 7"}, code: 1,
			wrong: "nothing was changed", groups: []string{"percore: changed"},
		},
		"a value that is none": {set: []string{"PERCORE_QUEUE_SIZE=many"}, code: 2, wrong: "PERCORE_QUEUE_SIZE=many"},
		"a name that is none":  {set: []string{"PERCORE_QUEUE_SIZES=1"}, code: 2, wrong: "did you mean PERCORE_QUEUE_SIZE?"},
		"a contradiction":      {set: []string{"PERCORE_LAME_DUCK=20"}, code: 2, wrong: "PERCORE_STOP_TIMEOUT"},
		"more workers than ports": {
			environ: []string{"PERCORE_PORTS_FROM=65535", "PERCORE_WORKERS=1"}, set: []string{"PERCORE_WORKERS=9"},
			code: 2, wrong: "65543",
		},
		"a user that is unknown": {set: []string{"PERCORE_USER=nobody-like-this"}, code: 2, wrong: "nobody-like-this"},
		"a folder for bodies": {
			set:     []string{"PERCORE_CLIENT_BODY_TEMP_PATH=memory", "PERCORE_TEMP_SIZE=9MB"},
			changes: []string{"PERCORE_CLIENT_BODY_TEMP_PATH:  -> memory", "PERCORE_TEMP_SIZE: 0 -> 9MB"},
			groups:  []string{"percore: changed"},
		},
		"a folder for bodies that is not there": {
			set: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=/no/such"}, code: 2, wrong: "cannot be written",
		},
		"no assignment":             {set: []string{"PERCORE_QUEUE_SIZE"}, code: 2, wrong: "not NAME=VALUE"},
		"a name for nobody":         {set: []string{"1A=b"}, code: 2, wrong: "not NAME=VALUE"},
		"what is between processes": {set: []string{"PERCORE_ROLE=front"}, code: 2, wrong: "percore's own"},
		"a NUL":                     {set: []string{"A=\x00"}, code: 2, wrong: "NUL"},
		"a port of a further program": {
			environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=true"},
			set:     []string{"PERCORE_MAIL_PORTS_FROM=7000"},
			changes: []string{"PERCORE_MAIL_PORTS_FROM: 0 -> 7000", "PERCORE_MAIL_READY: none -> tcp"}, code: 1,
			wrong: "nothing was changed", groups: []string{"mail: changed"},
		},
		"a setting of a further program": {
			environ: []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=true"},
			set:     []string{"PERCORE_MAIL_UMASK=022"},
			changes: []string{"PERCORE_MAIL_UMASK:  -> 022"}, groups: []string{"mail: changed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := runningSettings(t, c.environ...)
			changes, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: c.set, DryRun: true})
			if !slices.Equal(changes, c.changes) || code != c.code || !strings.Contains(wrong, c.wrong) || (wrong == "") != (c.wrong == "") {
				t.Errorf("update: got %q, code %d and error %q, want %q, %d and %q", changes, code, wrong, c.changes, c.code, c.wrong)
			}
			groups, _, _ := s.ask(t, control.Request{Verb: control.VerbReread, Set: c.set})
			if !slices.Equal(groups, c.groups) {
				t.Errorf("reread: got %q, want %q", groups, c.groups)
			}
		})
	}
}

func TestChangesOfTheFrontDoorHoldAtOnceAndAddUp(t *testing.T) {
	s := runningSettings(t)
	for _, set := range []string{"PERCORE_QUEUE_SIZE=7", "PERCORE_KEEPALIVE=3"} {
		if _, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{set}}); code != 0 || wrong != "" {
			t.Fatalf("%s: got code %d and error %q", set, code, wrong)
		}
	}
	if o := s.door; o.Services[0].QueueSize != 7 || o.Services[0].Keepalive != 3 {
		t.Errorf("options: got queue size %d and keepalive %d, want 7 and 3", o.Services[0].QueueSize, o.Services[0].Keepalive)
	}
	if s.times != 2 {
		t.Errorf("got the front door told %d times, want once for each update", s.times)
	}
	text, code, _ := s.ask(t, control.Request{Verb: control.VerbCheck})
	if code != 0 || len(text) != 1 || !strings.Contains(text[0], "PERCORE_QUEUE_SIZE") {
		t.Errorf("check: got code %d and %q", code, text)
	}
}

// What has become of a folder since the start must not keep an update from being made, least of all one that mends it.
func TestAnUpdateMendsWhereBodiesAreHeld(t *testing.T) {
	s := runningSettings(t, "PERCORE_CLIENT_BODY_TEMP_PATH=/gone/since")
	for _, set := range []string{"PERCORE_QUEUE_SIZE=7", "PERCORE_CLIENT_BODY_TEMP_PATH=memory"} {
		if _, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{set}}); code != 0 {
			t.Errorf("%s: got code %d and error %q", set, code, wrong)
		}
	}
	if o := s.door; o.Services[0].QueueSize != 7 || o.ClientBodyTempPath != "" {
		t.Errorf("got queue size %d and bodies in %q, want 7 and memory", o.Services[0].QueueSize, o.ClientBodyTempPath)
	}
}

func TestAnUpdateOfSomethingElseLeavesBodiesWhereTheyAre(t *testing.T) {
	s := runningSettings(t)
	s.cfg.ChooseTempPath("/found/at/the/start", "it could be written")
	changes, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7"}})
	if code != 0 || len(changes) != 2 || s.door.ClientBodyTempPath != "/found/at/the/start" {
		t.Errorf("got %q, code %d, error %q and bodies in %q, want the queue's size alone to change", changes, code, wrong, s.door.ClientBodyTempPath)
	}
	if why := s.cfg.Setting("PERCORE_CLIENT_BODY_TEMP_PATH").Reason; why != "it could be written" {
		t.Errorf("got the reason %q, want that of the start", why)
	}
}

// LOOPS=auto goes by the CPUs, which may have changed; the sockets have not.
func TestAnUpdateKeepsTheNumberOfLoops(t *testing.T) {
	s := runningSettings(t)
	before := s.door.Loops + 3
	s.o.Plan.Loops = before
	if _, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7"}}); code != 0 {
		t.Fatalf("got code %d and error %q", code, wrong)
	}
	if got := s.door; got.Services[0].QueueSize != 7 || got.Loops != before {
		t.Errorf("got queue size %d and %d loops, want 7 and %d", got.Services[0].QueueSize, got.Loops, before)
	}
}

func TestARefusedUpdateChangesNothing(t *testing.T) {
	s := runningSettings(t)
	if _, code, _ := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7", "PERCORE_LOOPS=9"}}); code != 1 {
		t.Errorf("code: got %d, want 1", code)
	}
	if s.door.Services[0].QueueSize != 1024 || len(s.set) != 0 {
		t.Errorf("got queue size %d and %q set, want what was before", s.door.Services[0].QueueSize, s.set)
	}
}

func TestAnUpdateThatTheFleetRefusesDoesNotTouchTheFrontDoor(t *testing.T) {
	s := runningSettings(t)
	stopped := fleet.New(fleet.Options{})
	stopped.Stop("the test wants it stopped")
	stopped.Run()
	s.beside(stopped)
	_, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7", "GREETING=hi"}})
	if code != 1 || !strings.Contains(wrong, "nothing was changed: ") {
		t.Errorf("got code %d and error %q, want 1 and that nothing was changed", code, wrong)
	}
	if s.times != 0 || s.door.Services[0].QueueSize != 1024 || len(s.set) != 0 {
		t.Errorf("got the front door told %d times, queue size %d and %q set, want none, 1024 and nothing", s.times, s.door.Services[0].QueueSize, s.set)
	}
}

// The fleet halts the roll of an update whose giver has left, after another update has changed the front door.
func TestWhatIsTakenBackLeavesLaterUpdatesAndTheCommand(t *testing.T) {
	var environ []string
	if os.Getuid() == 0 {
		environ = []string{"PERCORE_USER=65534:65534"}
	}
	s := runningSettings(t, environ...)
	s.o.Command = []string{"true", "{socket}"}
	var err error
	if s.cfg, _, err = config.LoadWith(environ, s.o.Command, os.Getuid()); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.o.Plan.Front = p.Front
	user := s.cfg.FrontUser
	halted, err := s.intend([]string{"GREETING=hi"})
	if err != nil {
		t.Fatal(err)
	}
	before := s.hold(halted)
	later, err := s.intend([]string{"PERCORE_QUEUE_SIZE=7"})
	if err != nil {
		t.Fatal(err)
	}
	s.hold(later)
	s.takeBack(halted, before)
	if !slices.Equal(s.set, []string{"PERCORE_QUEUE_SIZE=7"}) || s.door.Services[0].QueueSize != 7 {
		t.Errorf("got %q and queue size %d, want the later update alone", s.set, s.door.Services[0].QueueSize)
	}
	if s.cfg.Bind != value.BindUnix || s.cfg.FrontUser != user {
		t.Errorf("got BIND=%s and front user %s, want unix by {socket}, and %s as before", s.cfg.Bind, s.cfg.FrontUser, user)
	}
	next, err := s.intend(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(next.changes) != 0 || next.refused {
		t.Errorf("an update of nothing: got %+v, want no change", next.changes)
	}
}

func TestAnUpdateDoesNotWaitForAnother(t *testing.T) {
	s := runningSettings(t)
	s.turn.Lock() // as one does that rolls
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7"}})
		if code != 1 || wrong != "nothing was changed: another update is under way" {
			t.Errorf("got code %d and error %q", code, wrong)
		}
		if _, code, wrong := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=7"}, DryRun: true}); code != 0 {
			t.Errorf("dry run: got code %d and error %q, want an answer", code, wrong)
		}
	}()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Error("got no answer within 10s")
	}
	s.turn.Unlock()
	<-answered
}

func TestANumberOfWorkersThatIsSaidCountsAfterAScale(t *testing.T) {
	mail := []string{"PERCORE_PROGRAMS=mail", "PERCORE_MAIL_COMMAND=true"}
	for name, c := range map[string]struct {
		environ, set []string
		workers      int
		changes      []string
	}{
		"something else": {
			environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_QUEUE_SIZE=7"}, workers: 5,
			changes: []string{"PERCORE_QUEUE_SIZE: 1024 -> 7"},
		},
		"the number that was": {
			environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_WORKERS=2"}, workers: 2,
			changes: []string{"PERCORE_WORKERS: 5 -> 2"},
		},
		"another": {
			environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_WORKERS=3"}, workers: 3,
			changes: []string{"PERCORE_WORKERS: 2 -> 3"},
		},
		"what the scale made": {
			environ: []string{"PERCORE_WORKERS=2"}, set: []string{"PERCORE_WORKERS=5"}, workers: 5,
			changes: []string{"PERCORE_WORKERS: 2 -> 5"},
		},
		"the same, by another": {
			environ: []string{"WEB_CONCURRENCY=2"}, set: []string{"PERCORE_WORKERS=2"}, workers: 2,
			changes: []string{"WEB_CONCURRENCY: 2 -> auto"},
		},
		"by its other name": {
			environ: []string{"WEB_CONCURRENCY=2"}, set: []string{"WEB_CONCURRENCY=2"}, workers: 2,
			changes: []string{"WEB_CONCURRENCY: 5 -> 2"},
		},
		"by the one that is not": {environ: []string{"PERCORE_WORKERS=2"}, set: []string{"WEB_CONCURRENCY=4"}, workers: 5},
		"of a further program": {
			environ: mail, set: []string{"PERCORE_MAIL_WORKERS=1"}, workers: 1,
			changes: []string{"PERCORE_MAIL_WORKERS: 5 -> 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := runningSettings(t, c.environ...)
			at := len(c.environ) - 1 // the further program follows the fleet proper
			programs := s.programs(s.cfg, must(plan.Make(s.cfg)), nil)
			programs[at].Workers = 5 // by scale
			s.beside(fleet.New(fleet.Options{Programs: programs}))
			next, err := s.intend(c.set)
			if err != nil {
				t.Fatal(err)
			}
			if got := next.programs[at].Workers; got != c.workers {
				t.Errorf("workers: got %d, want %d", got, c.workers)
			}
			changes, _, _ := s.ask(t, control.Request{Verb: control.VerbUpdate, Set: c.set, DryRun: true})
			if !slices.Equal(changes, c.changes) {
				t.Errorf("changes: got %q, want %q", changes, c.changes)
			}
			if got, want := slices.Contains(next.groups, programs[at].Group), c.workers != 5 || name == "what the scale made"; got != want {
				t.Errorf("group %s changes: got %v, want %v", programs[at].Group, got, want)
			}
		})
	}
}

func must(p *plan.Plan, err error) *plan.Plan {
	if err != nil {
		panic(err)
	}
	return p
}

func TestWorkersKeepTheirOwnEnvironment(t *testing.T) {
	s := runningSettings(t, "PERCORE_QUEUE_SIZE=5", "GREETING=hello", "FAREWELL=bye")
	next, err := s.intend([]string{"PERCORE_QUEUE_SIZE=7", "GREETING=hi", "FAREWELL="})
	if err != nil {
		t.Fatal(err)
	}
	env := next.programs[0].Env
	if !slices.Contains(env, "GREETING=hi") || slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "FAREWELL=") }) {
		t.Errorf("got %q, want GREETING=hi and no FAREWELL", env)
	}
	if !slices.Contains(env, "PERCORE_QUEUE_SIZE=5") {
		t.Errorf("got %q, want what percore was started with, or each update would concern every worker", env)
	}
}

func TestCheckAnswersOnlyForItsOwnEnvironment(t *testing.T) {
	s := runningSettings(t, "PERCORE_WORKERS=2")
	for name, c := range map[string]struct {
		environ []string
		code    int
	}{
		"the same":                     {environ: []string{"PERCORE_WORKERS=2", "HOME=/root"}},
		"less, as percore demo's is":   {},
		"another value":                {environ: []string{"PERCORE_WORKERS=3"}, code: 1},
		"more, as docker exec -e adds": {environ: []string{"PERCORE_WORKERS=2", "PERCORE_KEEPALIVE=1"}, code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			code, _ := s.Answer(context.Background(), control.Request{Verb: control.VerbCheck, Environ: c.environ}, func(control.Frame) error { return nil })
			if code != c.code {
				t.Errorf("got code %d, want %d", code, c.code)
			}
		})
	}
}

func TestARunningPercoreTellsWhatHoldsAsJSON(t *testing.T) {
	s := runningSettings(t, "PERCORE_QUEUE_SIZE=7")
	frames, code, wrong := s.ask(t, control.Request{Verb: control.VerbCheck, JSON: true})
	var v struct {
		OK       bool
		Settings []config.Setting
	}
	if err := json.Unmarshal([]byte(strings.Join(frames, "")), &v); err != nil || code != 0 || wrong != "" {
		t.Fatalf("got code %d, %v and %q", code, err, wrong)
	}
	at := slices.IndexFunc(v.Settings, func(s config.Setting) bool { return s.Name == "PERCORE_QUEUE_SIZE" })
	if !v.OK || at < 0 || v.Settings[at].Value != "7" {
		t.Errorf("got %+v, want the queue's size among the settings", v)
	}
}

// The front door serves on through an update, as the user that it has.
func TestAnUpdateMakesNoWorkerTheFrontDoorsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: other users take root")
	}
	for name, c := range map[string]struct{ environ, set, wrong string }{
		"to the front door's user":  {set: "PERCORE_USER=65534:65534", wrong: "uid 65534 is the front door's"},
		"to another":                {set: "PERCORE_USER=4242:4242"},
		"from the usual front user": {environ: "PERCORE_USER=65534:65534", set: "PERCORE_USER=4242:4242"},
		"from the usual front user to the present": {
			environ: "PERCORE_USER=65534:65534", set: "PERCORE_USER=65533:65533",
			wrong: "uid 65533 is the front door's",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := runningSettings(t, c.environ)
			next, err := s.intend([]string{c.set})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("got %v, want an error with %q", err, c.wrong)
				}
				return
			}
			if err != nil || next.refused || strings.Join(next.affected(), " ") != "true" {
				t.Errorf("got %q, %v, want that the workers alone are rolled", next.affected(), err)
			}
		})
	}
}
