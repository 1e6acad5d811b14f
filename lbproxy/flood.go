package lbproxy

import "log/slog"

// flood keeps failures that strangers bring about by their mere number, such as a full queue, to a line a minute: the access log has each.
// It belongs to a loop, which has one for each cause.
type flood struct {
	last   int64 // when there was a line, on the loop's clock; 0 is never
	others int   // failures since then
}

// admit says whether there is to be a line, and how many failures had none since the one before.
func (f *flood) admit(now int64) (others int, line bool) {
	if f.last != 0 && now-f.last < complaintMillis {
		f.others++
		return 0, false
	}
	others = f.others
	f.last, f.others = now, 0
	return others, true
}

// admitLine says whether a failure of a kind that comes in floods has a line. Whoever debugs wants all, and can tell by the level which
// ones there would have been.
func (l *loop) admitLine(e *event, why cause) (line bool) {
	if e.others, line = l.complaints.floods[why].admit(l.now); !line {
		e.level = slog.LevelDebug
	}
	return line || l.proxy.debug
}

// byNumber reports whether strangers can cause it by asking often enough.
func (c cause) byNumber() bool {
	switch c {
	case causeNoWorker, causeBusy, causeQueueFull, causeNoSocket, causeNoMemory:
		return true
	default:
		return false
	}
}
