package pid1

import (
	"flag"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/program"
	"percore/e2e/rig"
)

var pauses = flag.String("pauses", "1s,6s", "how long percore is paused, each in its turn")

// pausesOf are the lengths that -pauses names.
func pausesOf(t *testing.T) (list []time.Duration) {
	t.Helper()
	for text := range strings.SplitSeq(*pauses, ",") {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// impatient has every deadline below the longer pauses. The watchdog's is HEALTH_INTERVAL times HEALTH_FAILURES.
func impatient() env {
	all := env{
		"PERCORE_WORKERS": "2", "PERCORE_READY": "notify", "PERCORE_READY_TIMEOUT": "4", "PERCORE_HEALTH": "http:/",
		"PERCORE_HEALTH_INTERVAL": "1", "PERCORE_HEALTH_TIMEOUT": "1", "PERCORE_HEALTH_FAILURES": "3",
	}
	for _, name := range []string{
		"STOPWAITSECS", "DRAIN_TIMEOUT", "CLIENT_HEADER_TIMEOUT", "CLIENT_BODY_TIMEOUT", "SEND_TIMEOUT", "KEEPALIVE_TIMEOUT", "PROXY_READ_TIMEOUT", "QUEUE_TIMEOUT",
	} {
		all["PERCORE_"+name] = "3"
	}
	return all
}

func TestAPauseRestartsNoWorkerAndFailsNoRequest(t *testing.T) {
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	script, err := filepath.Abs("testdata/paused.py")
	if err != nil {
		t.Fatal(err)
	}
	for name, which := range map[string]func(*service) []proc.Process{
		"everything":  (*service).Processes,
		"PID 1 alone": func(s *service) []proc.Process { p, _ := s.Find(1); return []proc.Process{p} },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, impatient(), "--", program.Python, script, "{port}", "1")
			s.Await("the workers to be there", func() bool { return len(s.WorkerLines("worker started")) >= 2 })
			s.pause(which(s), pausesOf(t)[len(pausesOf(t))-1]) // they are not ready yet
			s.AwaitReady(2)
			everybody := map[string]*load.Run{
				"kept connections": load.Start(load.Options{Address: s.Address, Clients: 4, KeepAlive: true, Timeout: 3 * time.Minute}),
				"new connections":  load.Start(load.Options{Address: s.Address, Clients: 2, Pause: 10 * time.Millisecond, Timeout: 3 * time.Minute}),
				"slow answers":     load.Start(load.Options{Address: s.Address, Clients: 4, KeepAlive: true, Path: "/slow", Timeout: 3 * time.Minute}),
			}
			for _, d := range pausesOf(t) {
				before := everybody["slow answers"].Result().OK()
				s.Await("requests to be under way", func() bool { return everybody["slow answers"].Result().OK() > before+4 })
				s.pause(which(s), d)
			}
			time.Sleep(2 * time.Second) // by now whoever was to be judged has been
			wantNoneFailed(t, everybody)
			restarts := len(s.WorkerLines("worker started")) - 2
			t.Logf("restarts: %d", restarts)
			if restarts > 0 {
				t.Errorf("got %d restarts, want none", restarts)
			}
		})
	}
}

// wantNoneFailed ends the load and says what came of it.
func wantNoneFailed(t *testing.T, everybody map[string]*load.Run) {
	t.Helper()
	for who, run := range everybody {
		got := run.Stop()
		t.Logf("pauses of %s, %s: %v", *pauses, who, got)
		if got.Failed() > 0 || got.IdleReset > 0 {
			t.Errorf("%s: got %v, want none failed", who, got)
		}
	}
}

// pause stops these processes and continues them, in the same order, after d.
func (s *service) pause(list []proc.Process, d time.Duration) {
	s.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		for _, p := range list {
			if err := syscall.Kill(p.PID, signal); err != nil {
				s.Fatalf("signal %v to %v: %v", signal, p, err)
			}
		}
		if signal == syscall.SIGSTOP {
			time.Sleep(d)
		}
	}
}
