package ctl_test

import (
	"bytes"
	"testing"

	"percore/entrypoint/control"
)

func TestACommandSaysWhomItReached(t *testing.T) {
	const told = "reached percore 1.0, pid 7: python3 main.py\n"
	who := control.Frame{Fleet: &control.Fleet{PID: 7, Version: "1.0", Command: "python3 main.py", Ready: true}}
	for name, c := range map[string]struct {
		args      []string
		strict    bool
		pid1      bool
		want, out string
	}{
		"a restart":  {args: []string{"restart", "webs:*"}, want: told, out: "webs:web-8000: restarted\n"},
		"a shutdown": {args: []string{"shutdown"}, want: told, out: ""},
		"even of a container's PID 1": {
			args: []string{"stop", "all"}, pid1: true, want: "reached percore 1.0, pid 1: python3 main.py\n",
			out: "webs:web-8000: restarted\n",
		},
		"supervisorctl says nothing":      {args: []string{"restart", "webs:*"}, strict: true, out: "webs:web-8000: restarted\n"},
		"a status of no PID 1":            {args: []string{"status"}, want: told, out: "webs:web-8000: restarted\n"},
		"a status of a container's":       {args: []string{"status"}, pid1: true, out: "webs:web-8000: restarted\n"},
		"supervisorctl's says nothing":    {args: []string{"status"}, strict: true, out: "webs:web-8000: restarted\n"},
		"what changes nothing has no say": {args: []string{"pid"}, out: ""},
	} {
		t.Run(name, func(t *testing.T) {
			frames := []control.Frame{who}
			if c.pid1 {
				frames[0].Fleet = &control.Fleet{PID: 1, Version: "1.0", Command: "python3 main.py"}
			}
			frames = append(frames, control.Frame{Outcome: &control.Outcome{Group: "webs", Name: "web-8000", Did: "restarted"}})
			s := &script{frames: frames}
			tool, out := serve(t, s)
			var err bytes.Buffer
			tool.Strict, tool.Err = c.strict, &err
			tool.Run(c.args)
			if err.String() != c.want || out.String() != c.out {
				t.Errorf("got %q beside %q, want %q beside %q", err.String(), out, c.want, c.out)
			}
			if r := <-s.requests; r.Introduce != (r.Changes() && !c.strict) {
				t.Errorf("request: got %+v", r)
			}
		})
	}
}
