package control

import (
	"log/slog"
	"time"
)

// refusalPause is how far apart the lines about refused clients are: every process in the container can cause one.
const refusalPause = time.Minute

// refusals tells the log of clients that were refused. It belongs to one goroutine.
type refusals struct {
	log    *slog.Logger
	now    func() time.Time
	next   time.Time // when there may be another line
	others int       // refused since the latest line
}

// note tells of the first, and from then on of one each minute and how many there were besides.
func (r *refusals) note(from peer) {
	now := r.now()
	if now.Before(r.next) {
		r.others++
		return
	}
	r.log.Warn("control client refused", "pid", from.pid, "uid", from.uid, "others", r.others)
	r.next, r.others = now.Add(refusalPause), 0
}
