package fleet

import (
	"context"
	"fmt"
	"testing"
	"time"

	"percore/reaper/probe"
)

func TestAWorkerThatIsNotReadyInTimeIsToldWithTheReason(t *testing.T) {
	p := tornado(1)
	p.ReadyTimeout, p.StartRetries, p.Ready = 5*time.Second, 0, probe.Check{Kind: probe.HTTP, Path: "/health"}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.makeSick(8000, func(context.Context) error { return fmt.Errorf("%w: status 404", probe.ErrUnwell) })
		r.run()
		r.expectEnd(137, "killed by SIGKILL after 5s; it was not ready: GET /health: status 404")
		r.expectLog(1, `reason="GET /health: status 404"`)
	})
}

func TestTheReasonOfOneIncarnationIsNotThatOfTheNext(t *testing.T) {
	p := tornado(1)
	p.ReadyTimeout, p.StartRetries = 5*time.Second, 1
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.pass(6 * time.Second)
		r.expectLog(1, "it was not ready: refused")
		r.die("tornado-8000", crash)
		r.expectEnd(139, "killed by SIGSEGV")
		r.expectLog(1, "it was not ready")
	})
}
