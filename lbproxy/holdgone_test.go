package lbproxy

import (
	"fmt"
	"net/netip"
	"testing"

	"percore/lbproxy/spool"
)

// TestABodyThatWaitedForTheDiskAndFindsNoRoom is refused once, and nothing of it is armed behind that.
func TestABodyThatWaitedForTheDiskAndFindsNoRoom(t *testing.T) {
	path := t.TempDir()
	r := newRig(t, func(o *Options) { o.ClientBodyTempPath, o.TempSize = path, 3_000_000 })
	r.workers(newStub(t, tellLength).address)
	r.proxy.store.Configure(spool.Options{Path: path, Size: 3_000_000, MemoryMax: 1})
	var others []*spool.File
	large := make([]byte, 700_000)
	for i := range 5 { // until they are settled they count as on their way, and they take all the room
		f := r.proxy.store.NewFile(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), func(*spool.File) {})
		f.Write(large)
		others = append(others, f)
	}
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
		inChunks(pattern(240_000), 240_000)[:66_000]) // a little more than is held in memory
	eventually(t, "it waits for the disk", func() (waits bool) {
		r.onLoop(func(l *loop) { waits = len(l.exchanges.all) > 0 && l.exchanges.all[0].request.isBusy() })
		return waits
	})
	for _, f := range others {
		eventually(t, "the disk is behind no more", func() bool { _, _ = f.Settle(); return !f.Busy() })
	}
	c.read("POST").want(t, 503, "~no room to hold")
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == kindDownstream && c.exchange == noSlot && l.timers.Class(slot) == timerBody {
				t.Errorf("slot %d in state %v without an exchange has the timer of a body", slot, c.state)
			}
		}
	})
	for _, f := range others {
		f.Close()
	}
	r.wantNothingHeld()
}

// TestAResponseThatIsHereFirstLetsGoOfItsRequest has a worker that says all of a large response before it reads the
// body, which is in a file, and a client that takes the response slowly.
func TestAResponseThatIsHereFirstLetsGoOfItsRequest(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
			response, body := pattern(20<<20), pattern(30<<20)
			r.workers(newStub(t, func(q *stubRequest) bool { q.ok(response); <-q.ended; return false }).address)
			c := r.client()
			_ = c.SetReadBuffer(64 << 10)
			c.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
			eventually(t, "the response alone is held", func() bool {
				held := r.proxy.heldFigures()
				return held.Responses == 1 && held.Files == 1 && held.Bytes <= int64(len(response))
			})
			_ = c.SetReadBuffer(4 << 20)
			c.read("POST").want(t, 200, response)
			r.wantNothingHeld()
		})
	}
}
