package fleet

import (
	"fmt"

	"percore/reaper/socket"
)

// OpenSockets finds out before the start whether all workers that are to listen on a unix socket can have one. It is called
// before Run, if at all.
func (f *Fleet) OpenSockets() error {
	for _, w := range f.workers {
		if err := f.assignSocket(w); err != nil {
			return fmt.Errorf("place socket of %s: %w", w.title, err)
		}
	}
	return nil
}

// assignSocket gives a worker its path, for life.
func (f *Fleet) assignSocket(w *worker) (err error) {
	if w.program.Sockets && w.socket == "" {
		w.socket, err = f.sockets.Assign(w.name)
	}
	return err
}

// clearSocket leaves nothing of the incarnation before.
func (f *Fleet) clearSocket(w *worker) error {
	if !w.program.Sockets {
		return nil
	}
	if err := f.assignSocket(w); err != nil {
		return fmt.Errorf("place socket: %w", err)
	}
	return socket.Clear(w.socket, w.program.Credential)
}

func (w *worker) exposure() socket.Exposure {
	e := socket.Exposure{Path: w.socket}
	if c := w.program.Credential; c != nil {
		e.Owner = c.UID
	}
	return e
}
