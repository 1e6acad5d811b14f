package survey

import (
	"context"
	"os"
	"strings"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/entrypoint/self"
)

// holdings are what the percore that runs in this container listens on: what it holds is no fault of the
// configuration.
type holdings struct {
	addresses value.Listen
	ports     map[int]bool // of its workers
}

func (h holdings) listens(a value.Address) bool {
	for _, held := range h.addresses {
		if a.Overlaps(held) {
			return true
		}
	}
	return false
}

// dialRunning connects to the PID 1 of this container, or to the one that PERCORE_CONTROL names; nil where there is
// none.
func dialRunning(in self.Invocation) *control.Conn {
	place, err := config.ControlOf(in.Environ)
	if err != nil || place == value.ControlOff || os.Getpid() == 1 {
		return nil
	}
	conn, err := control.Dial(control.Place(place), os.DirFS("/proc"))
	if err != nil {
		return nil
	}
	if place == "" && conn.Server != 1 {
		conn.Close()
		return nil
	}
	return conn
}

// heldByRunning asks that percore.
func heldByRunning(in self.Invocation) holdings {
	h := holdings{ports: map[int]bool{}}
	conn := dialRunning(in)
	if conn == nil {
		return h
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	_, _ = conn.Call(ctx, control.Request{Verb: control.VerbStatus}, func(f control.Frame) error {
		if f.Fleet != nil {
			for _, text := range f.Fleet.Listen {
				var list value.Listen
				if list.UnmarshalText([]byte(text)) == nil {
					h.addresses = append(h.addresses, list...)
				}
			}
		}
		if f.Process != nil && f.Process.Port != 0 {
			h.ports[f.Process.Port] = true
		}
		return nil
	})
	return h
}

// runningConfiguration is what the PID 1 of this container, or the one that PERCORE_CONTROL names, runs by. It is
// false where there is none, or one with another environment than ours.
func runningConfiguration(in self.Invocation, asJSON bool) (text string, running bool) {
	conn := dialRunning(in)
	if conn == nil {
		return "", false
	}
	defer conn.Close()
	ours, _ := config.OnlyOurs(in.Environ)
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	_, err := conn.Call(ctx, control.Request{Verb: control.VerbCheck, Environ: ours, JSON: asJSON},
		func(f control.Frame) error {
			text += f.Text
			return nil
		})
	return text, err == nil && (!asJSON || strings.HasPrefix(text, "{"))
}

// checkTimeout is how long check waits for PID 1 before it goes by its own environment.
const checkTimeout = 5 * time.Second
