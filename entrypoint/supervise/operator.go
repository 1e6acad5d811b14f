package supervise

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/control/handler"
	"percore/entrypoint/door"
	"percore/entrypoint/settings"
	"percore/lbproxy"
	"percore/reaper/fleet"
)

// operator is PID 1's actor for control commands. The socket is opened by run, beside the fleet's start: nothing waits for
// it, and a percore without one is no worse a percore.
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
		o.log.Warn("degraded", "reason", "no control socket: percore status and the like find nobody", "err", err)
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

// newHandler has the answers of this percore to control commands.
func newHandler(version string, f *fleet.Fleet, d *door.Door, s *settings.Settings) *handler.Handler {
	h := &handler.Handler{Fleet: handler.FleetOf(f), Version: version, Traffic: d != nil, Shutdown: f.Stop, Configure: s.Answer, Command: s.Command, Listen: s.Listen}
	if d != nil {
		h.Figures = func(ctx context.Context) map[int]handler.Figures { return byEndpoint(d.Figures(ctx)) }
	}
	return h
}

// byEndpoint is the part of the figures that status prints; nil where the front door does not answer.
func byEndpoint(f *lbproxy.Figures) map[int]handler.Figures {
	if f == nil {
		return nil
	}
	list := make(map[int]handler.Figures, len(f.Endpoints))
	for _, e := range f.Endpoints {
		list[e.Index] = handler.Figures{Served: e.Served, InFlight: e.InFlight + e.Tunnels, Ejected: e.Ejected, Oldest: time.Duration(e.OldestMillis) * time.Millisecond, Stuck: time.Duration(e.StuckMillis) * time.Millisecond}
	}
	return list
}
