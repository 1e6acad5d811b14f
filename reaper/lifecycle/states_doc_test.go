package lifecycle

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/states.md from the transition table")

const statesPage = "../../docs/states.md"

func TestTheStatesPageIsGeneratedFromTheTable(t *testing.T) {
	want := renderStates()
	if *update {
		if err := os.WriteFile(statesPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(statesPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run: go test ./reaper/lifecycle -run StatesPage -update", statesPage)
	}
}

func renderStates() []byte {
	var b bytes.Buffer
	b.WriteString(statesIntro)
	b.WriteString("## Picture\n\n```mermaid\nstateDiagram-v2\n    [*] --> STOPPED\n")
	for s := StateStopped; s < states; s++ {
		for to := StateStopped; to < states; to++ {
			if labels := edges(s, to); len(labels) > 0 {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", node(s), node(to), strings.Join(labels, ", "))
			}
		}
	}
	b.WriteString("```\n\n## Table\n\nA cell is the next state and, after the colon, what is done on the way. An empty cell changes nothing.\n\n")
	renderTable(&b)
	b.WriteString("\n## Events\n\n")
	for e := range events {
		fmt.Fprintf(&b, "- `%s`: %s\n", e, eventText(e))
	}
	b.WriteString("\n## Actions\n\n")
	for a := range actions {
		fmt.Fprintf(&b, "- `%s`: %s\n", a, actionText(a))
	}
	renderMaintenance(&b)
	return b.Bytes()
}

func renderMaintenance(b *bytes.Buffer) {
	b.WriteString(maintenanceIntro + "| what is seen |")
	for s := range StageFinished {
		fmt.Fprintf(b, " %s |", s)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", int(StageFinished)) + "\n")
	for seen := range observations {
		fmt.Fprintf(b, "| `%s`: %s |", seen, observationText(seen))
		for s := range StageFinished {
			fmt.Fprintf(b, " %s |", s.Next(seen))
		}
		b.WriteString("\n")
	}
}

func observationText(o Observation) string {
	return [observations]string{
		"the old process still lives",
		"a new one is being started; another after that if the first died of something that is not its fault",
		"the new one is ready",
		"it has been for `STARTSECS`, at most 5 s",
		"it could not be started, was not ready in time, fails its health check, or ended",
		"there is no process and none is wanted",
		"another order wants something else of the worker",
	}[o]
}

const maintenanceIntro = `
## Maintenance

One worker after another is replaced: in a rolling restart, for its health, or because it is past a limit. A worker under maintenance goes
through these stages; a cell is the next one. A rolling restart halts at the first worker that has ` + "`failed`" + `.

`

func edges(from, to State) []string {
	var labels []string
	for e := range events {
		if transitions[from][e].next == to {
			labels = append(labels, e.String())
		}
	}
	return labels
}

// node is the state's name in the diagram, where parentheses are not allowed.
func node(s State) string {
	if s == StateDraining {
		return "draining"
	}
	return s.String()
}

func renderTable(b *bytes.Buffer) {
	b.WriteString("| event |")
	for s := StateStopped; s < states; s++ {
		fmt.Fprintf(b, " %s |", node(s))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", int(states-StateStopped)) + "\n")
	for e := range events {
		fmt.Fprintf(b, "| `%s` |", e)
		for s := StateStopped; s < states; s++ {
			fmt.Fprintf(b, " %s |", cellText(transitions[s][e]))
		}
		b.WriteString("\n")
	}
}

func cellText(c cell) string {
	if c.next == 0 {
		return ""
	}
	var do []string
	for _, a := range c.do {
		do = append(do, a.String())
	}
	if len(do) == 0 {
		return node(c.next)
	}
	return node(c.next) + ": " + strings.Join(do, ", ")
}

func eventText(e Event) string {
	return [events]string{
		"it is wanted and may start",
		"the readiness probe succeeded (with `READY=none`: it was spawned)",
		"it was not ready within `READY_TIMEOUT`",
		"it died after a stable life: it had been ready, and lived for `STARTSECS`",
		"a failed start: it died before that, or could not be spawned for a reason that passes",
		"a failed start beyond `STARTRETRIES` while no sibling serves that has tries left or has lasted for `STARTSECS`; of a fleet that never served, the failure of the one worker that was tried again",
		"it died, and `AUTORESTART` says that this was it",
		"it can never be spawned: no such command (127), no permission (126)",
		"the back-off is over",
		"such a sibling serves, so a worker that was `exhausted` before is not given up after all",
		"it is to be stopped as soon as its requests are done",
		"the same, and it gets no more of them: the others go on",
		"the front door says that they are",
		"it is to be stopped now, with `STOPSIGNAL`",
		"its requests were not done within `DRAIN_TIMEOUT`, or it did not stop within `STOPWAITSECS`, or the stop's budget ends",
		"it is to be stopped at once",
	}[e]
}

func actionText(a Action) string {
	return [actions]string{
		"start a new incarnation and its readiness probe",
		"give it traffic",
		"arm the back-off",
		"take its traffic away, arm `DRAIN_TIMEOUT`; where it had none and its requests are done, `drained` follows at once",
		"take its traffic away, send `STOPSIGNAL` to its process group, arm `STOPWAITSECS`",
		"send SIGKILL to its process group",
		"disarm the back-off",
	}[a]
}

const statesIntro = `# The states of a worker

<!-- Generated from reaper/lifecycle/transition.go: go test ./reaper/lifecycle -run StatesPage -update -->

A worker is a slot with a name and a port for life; the process in it changes. What is wanted of it, where it is and whether it is
ready for traffic are three separate facts. This page is about the second. The names are supervisord's; ` + "`draining`" + ` is
printed as STOPPING.

`
