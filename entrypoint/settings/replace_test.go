package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// rolling puts a fleet beside the settings that does with an order what do says.
func (s *running) rolling(do func(o fleet.Order, progress func(fleet.Outcome)) error) {
	s.o.Do = func(_ context.Context, o fleet.Order, progress func(fleet.Outcome)) error { return do(o, progress) }
}

func TestWhatBecomesOfAnUpdateOfTheWorkers(t *testing.T) {
	set := []string{"GREETING=hello", "PERCORE_QUEUE_SIZE=7"}
	for name, c := range map[string]struct {
		do    func(o fleet.Order, progress func(fleet.Outcome)) error
		holds bool   // the new configuration does
		err   string // what the client hears
	}{
		"all workers have it": {do: func(o fleet.Order, progress func(fleet.Outcome)) error {
			o.Accepted()
			progress(fleet.Outcome{Process: "true:true-8000", Done: "started"})
			return nil
		}, holds: true},
		"the fleet refuses": {
			do:  func(fleet.Order, func(fleet.Outcome)) error { return fmt.Errorf("update: %w", fleet.ErrBusy) },
			err: "nothing was changed: update: a rolling restart is under way",
		},
		"the roll halts": {do: func(o fleet.Order, progress func(fleet.Outcome)) error {
			o.Accepted()
			progress(fleet.Outcome{Process: "true:true-8000", Done: "started", Err: fleet.ErrSpawn})
			o.Halted()
			return fmt.Errorf("update: %w", fleet.ErrHalted)
		}, err: "the previous configuration holds again, and workers that had not failed were left alone: update: rolling restart halted"},
		"something else goes wrong on the way": {do: func(o fleet.Order, _ func(fleet.Outcome)) error {
			o.Accepted()
			return errors.New("percore is stopping")
		}, holds: true, err: "the new configuration holds from now on, but not all workers have it: percore is stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			s := runningSettings(t)
			before := s.door
			var order fleet.Order
			s.rolling(func(o fleet.Order, progress func(fleet.Outcome)) error { order = o; return c.do(o, progress) })
			var outcomes []control.Outcome
			groups := 0
			code, err := s.Answer(t.Context(), control.Request{Verb: control.VerbUpdate, Set: set}, func(f control.Frame) error {
				if f.Outcome != nil {
					outcomes = append(outcomes, *f.Outcome)
				}
				if f.Change != nil && f.Change.Did == "updated process group" {
					groups++
				}
				return nil
			})
			if order.Verb != fleet.Replace || !slices.Contains(order.Programs[0].Env, "GREETING=hello") {
				t.Errorf("got order %v, want the programs to be replaced", order.Verb)
			}
			wrong := ""
			if err != nil {
				wrong = err.Error()
			}
			if wrong != c.err || (code == control.CodeOK) != (c.err == "") {
				t.Errorf("got code %d and %q, want %q", code, wrong, c.err)
			}
			if holds := len(s.set) == 2; holds != c.holds || (s.Current().QueueSize == 7) != c.holds {
				t.Errorf("got %q set and queue size %d, want the new configuration in force: %t", s.set, s.Current().QueueSize, c.holds)
			}
			if got := s.door.Services[0].QueueSize; (got == 7) != c.holds || !c.holds && got != before.Services[0].QueueSize {
				t.Errorf("got the front door's queue %d, want the new one: %t", got, c.holds)
			}
			if want := c.err == ""; (groups == 2) != want {
				t.Errorf("got %d groups told to be updated, want both: %t", groups, want)
			}
			for _, o := range outcomes {
				if o.Group != "true" || o.Name != "true-8000" || (o.Fault == control.SpawnError) != (name == "the roll halts") {
					t.Errorf("got outcome %+v", o)
				}
			}
		})
	}
}

func TestAClientThatHasLeftWantsNoUpdate(t *testing.T) {
	s := runningSettings(t)
	s.rolling(func(fleet.Order, func(fleet.Outcome)) error { t.Error("the fleet was asked"); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, err := s.Answer(ctx, control.Request{Verb: control.VerbUpdate, Set: []string{"GREETING=hello"}}, func(control.Frame) error { return nil })
	if code != control.CodeGeneric || !errors.Is(err, context.Canceled) || len(s.set) > 0 {
		t.Errorf("got code %d, %v and %q set, want nothing done", code, err, s.set)
	}
}

func TestWhatPID1RunsAndWhereItListens(t *testing.T) {
	further := []string{"PERCORE_MODE=none", "PERCORE_PROGRAMS=mail,cron", "PERCORE_MAIL_COMMAND=true", "PERCORE_CRON_COMMAND=true"}
	for name, c := range map[string]struct {
		environ []string
		role    environment.Role
		command string
		listen  string
	}{
		"a command":    {environ: []string{"PERCORE_LISTEN=:80,[::1]:81"}, command: "true", listen: ":80 [::1]:81"},
		"the demo":     {role: environment.RoleDemoWorker, command: "percore demo", listen: ":8080"},
		"both of them": {environ: further, command: "true", listen: ":8080"},
	} {
		s := runningSettings(t, c.environ...)
		s.o.Plan.Role = c.role
		if got, where := s.Command(), strings.Join(s.Listen(), " "); got != c.command || where != c.listen {
			t.Errorf("%s: got %q on %q, want %q on %q", name, got, where, c.command, c.listen)
		}
	}
	s := runningSettings(t, further...)
	s.cfg.Command.Words = nil
	s.o.Reconfigure = nil // there is no front door
	if got := s.Command(); got != "the programs mail,cron" || s.Listen() != nil {
		t.Errorf("further programs alone: got %q on %q", got, s.Listen())
	}
}
