package supervise

import (
	"log/slog"
	"sync"

	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/control/handler"
)

// operator is PID 1's actor for control commands. The socket is opened by run, beside the fleet's start: nothing
// waits for it, and a percore without one is no worse a percore.
type operator struct {
	place   control.Place
	handler *handler.Handler
	log     *slog.Logger
	done    chan struct{} // closed by close

	mu     sync.Mutex // guards server and closed
	server *control.Server
	closed bool
}

func newOperator(place control.Place, h *handler.Handler, log *slog.Logger) *operator {
	return &operator{place: place, handler: h, log: log, done: make(chan struct{})}
}

// run serves until close. It is an actor of PID 1 and must not end before the others, whatever becomes of the server.
func (o *operator) run() error {
	if server := o.open(); server != nil {
		_ = server.Run() // it has said what went wrong
	}
	<-o.done
	return nil
}

// open gives nil where there is to be no socket, or there can be none.
func (o *operator) open() *control.Server {
	if o.place == control.Place(value.ControlOff) {
		return nil
	}
	listener, err := control.Listen(o.place)
	if err != nil {
		o.log.Warn("degraded", "reason", "no control socket: percore status and the other commands cannot reach "+
			"this percore", "err", err)
		return nil
	}
	o.log.Debug("control socket open", "place", string(listener.Place))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.server = control.NewServer(listener, o.handler.Answer, o.log)
	if o.closed {
		o.server.Close()
	}
	return o.server
}

func (o *operator) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.closed = true
	close(o.done)
	if o.server != nil {
		o.server.Close()
	}
}
