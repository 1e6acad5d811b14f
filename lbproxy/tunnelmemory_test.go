package lbproxy

import "testing"

// TestATunnelThatIsIdleHoldsNoBuffer: tunnels last for hours, so what each of them kept of its request would use up the budget
// for all others.
func TestATunnelThatIsIdleHoldsNoBuffer(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, switches("")).address)
	for range 10 {
		c := r.tunnel("")
		c.send("ping")
		c.wantBytes("pingping")
	}
	r.fewTurns()
	if bytes := r.usage(); bytes != 0 {
		t.Errorf("buffers of 10 idle tunnels: got %d bytes, want none", bytes)
	}
}
