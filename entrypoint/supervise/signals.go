package supervise

import (
	"log/slog"
	"os"
	"slices"
	"syscall"
	"time"

	"percore/entrypoint/config/value"
	"percore/reaper"
	"percore/reaper/early"
	"percore/reaper/fleet"
)

// orders are what signals to PID 1 ask for.
type orders struct {
	stop, roll func(reason string)
	grow       func(by int, reason string)
	forward    func(sig syscall.Signal)
	report     func() // write down how everything is, and open the log files anew
}

// ordersOf gives the orders to a fleet.
func ordersOf(f *fleet.Fleet, orphans func() uint64, log *slog.Logger) orders {
	return orders{
		stop: f.Stop, roll: f.Roll, grow: f.Grow, forward: f.Forward,
		report: func() {
			logStatus(f.Status(), time.Now(), log)
			log.Info("status", "orphans_reaped", orphans(), "output_bytes_dropped", f.Dropped())
			f.ReopenLogs()
		},
	}
}

// obeySignals does what each signal to PID 1 asks for (docs/stopping.md), for as long as the fleet lives: a second
// TERM has to be heard as well as the first. Those of forward mean nothing to percore; the workers get them.
func obeySignals(
	signals <-chan os.Signal, done <-chan struct{}, forward value.Signals, o orders, log *slog.Logger,
) error {
	early.SubscribeRest(forward.OS()...)
	for {
		select {
		case <-done:
			return nil
		case s := <-signals:
			sig, ok := s.(syscall.Signal)
			switch {
			case !ok:
			case slices.Contains(forward, value.Signal(sig)):
				o.forward(sig)
			default:
				obey(sig, o, log)
			}
		}
	}
}

func obey(sig syscall.Signal, o orders, log *slog.Logger) {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		o.stop(reaper.SignalName(sig))
	case syscall.SIGUSR1:
		o.report()
	case syscall.SIGHUP, syscall.SIGUSR2:
		o.roll(reaper.SignalName(sig))
	case syscall.SIGTTIN:
		o.grow(1, reaper.SignalName(sig))
	case syscall.SIGTTOU:
		o.grow(-1, reaper.SignalName(sig))
	default:
		log.Debug("signal ignored", "signal", reaper.SignalName(sig))
	}
}

func logStatus(list []fleet.WorkerStatus, now time.Time, log *slog.Logger) {
	for _, s := range list {
		log.Info("status", "process", s.Process, "state", s.State.String(), "ready", s.Ready, "pid", s.PID,
			"uptime", s.Uptime(now).Round(time.Second).String(), "restarts", s.Restarts, "last_exit", s.LastExit)
	}
}
