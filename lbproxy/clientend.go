package lbproxy

import "percore/lbproxy/timer"

// clientEnd is the client's end of an exchange: what an exchange asks of the connection that it came over. That
// connection is one exchange's alone for now, and so are its timer and its FIN; where several share one, this is the
// place that tells them apart.
type clientEnd struct{ *exchange }

// clientEnd is the client's end of x.
func (x *exchange) clientEnd() clientEnd { return clientEnd{x} }

func (e clientEnd) conn() *conn { return e.loop.conns.at(e.downstream) }

// arm starts the time that the client has for something.
func (e clientEnd) arm(class timer.Class) { e.loop.timers.Set(e.downstream, class, e.loop.now) }

// disarm ends the time that the client has.
func (e clientEnd) disarm() { e.loop.timers.Clear(e.downstream) }

// armed is what the client has a time for.
func (e clientEnd) armed() timer.Class { return e.loop.timers.Class(e.downstream) }

// readOn has what the client sends read, now that there is a use for it again.
func (e clientEnd) readOn() { e.loop.enqueue(e.conn()) }

// isComplete reports whether the client has sent its request and nothing that is lost, so that the next one may
// follow.
func (e clientEnd) isComplete() bool {
	return e.conn().state == stateOpen && e.upload.state == uploadWhole && !e.upload.forgot
}
