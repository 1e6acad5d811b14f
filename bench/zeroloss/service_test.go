package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/program"
)

// roleVariable makes the test binary the PID 1 or the worker of a service.
const roleVariable = "ZEROLOSS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "pid1":
		os.Exit(superviseOne(os.Args[1]))
	case "worker":
		_ = http.ListenAndServe(os.Args[1], http.HandlerFunc(application)) // until it is killed
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// superviseOne keeps one worker: when it ends, it is away for a moment, so that requests are lost. On SIGTERM it leaves with 7.
func superviseOne(address string) int {
	const away = 200 * time.Millisecond
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	for {
		worker := exec.Command("/proc/self/exe", address, "serves")
		worker.Env = []string{roleVariable + "=worker"}
		if err := worker.Start(); err != nil {
			return 1
		}
		ended := make(chan struct{})
		go func() {
			_ = worker.Wait() // that it was killed is what the test does
			close(ended)
		}()
		select {
		case <-ended:
			time.Sleep(away)
		case <-stop:
			return 7
		}
	}
}

// oneWorker is a stack of this test's own.
func oneWorker() stack {
	return stack{name: "test", app: asyncApp, workers: 1, launch: func(_ *lab, _ stack, _ string, port int) (launch, error) {
		exe, err := os.Executable()
		return launch{
			argv: []string{exe, fmt.Sprintf("127.0.0.1:%d", port)}, env: []string{roleVariable + "=pid1"}, ports: []int{port}, marker: "serves",
			restart: func(context.Context, *service) error { return errors.New("restart: not known here") },
		}, err
	}}
}

// openLab is a lab whose stacks can be started.
func openLab(t *testing.T) *lab {
	t.Helper()
	if err := program.PID1Obstacle(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	return &lab{dir: t.TempDir(), notes: t.Output()}
}

func TestWhatAKilledWorkerLosesIsCounted(t *testing.T) {
	l := openLab(t)
	var killed, next []int
	got := l.run(context.Background(), oneWorker(), func(_ context.Context, s *service) error {
		killed, _ = s.workers()
		_ = syscall.Kill(killed[0], syscall.SIGKILL)
		if err := await("the end of the worker", func() bool { return len(proc.Family(s.pid)) == 1 }); err != nil {
			return err
		}
		err := s.awaitComplete()
		next, _ = s.workers()
		return err
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	all := got.all()
	if all.answered == 0 || all.lost() == 0 || all.failed[load.Refused] == 0 {
		t.Errorf("got %d answered, %s, want answers before and after, and refused requests", all.answered, all.words())
	}
	if len(killed) != 1 || len(next) != 1 || killed[0] == next[0] {
		t.Errorf("got workers %v, then %v, want another one", killed, next)
	}
	if got.took < 200*time.Millisecond {
		t.Errorf("got %v, want the time without a worker at least", got.took)
	}
}

func TestAServiceIsTimedFromItsStartToItsEnd(t *testing.T) {
	l := openLab(t)
	f := footprint{stack: oneWorker()}
	used := false
	err := l.timeStart(&f, func(s *service) error {
		workers, others := s.workers()
		if len(workers) != 1 || len(others) != 1 || others[0] != s.pid {
			t.Errorf("got workers %v and others %v, want one and PID 1", workers, others)
		}
		used = true
		s.status = []string{"true"}
		return f.timeStatus(context.Background(), s)
	})
	if err != nil || !used {
		t.Fatalf("got %v, used %t, want a service that was used", err, used)
	}
	if len(f.start) != 1 || len(f.stop) != 1 || f.start[0] <= 0 || f.stop[0] <= 0 || f.stop[0] >= stopGrace {
		t.Errorf("got starts %v and stops %v, want one of each", f.start, f.stop)
	}
	if len(f.status) != statusCalls || len(f.wall) != statusCalls || f.wall[0] <= 0 {
		t.Errorf("got %d status commands, want %d with their time", len(f.status), statusCalls)
	}
}

func TestAServiceThatEndsAtOnceSaysWhatItLastSaid(t *testing.T) {
	l := openLab(t)
	s := oneWorker()
	s.launch = func(_ *lab, _ stack, _ string, port int) (launch, error) {
		return launch{argv: []string{"sh", "-c", "echo no such port >&2; exit 3"}, ports: []int{port}}, nil
	}
	_, err := s.start(l)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("got %v, want its code and its last words", err)
	}
	if trial := l.run(context.Background(), s, killInTurn); trial.err == nil {
		t.Error("got no error of the trial, want that of the start")
	}
}

// TestAKillAwaitsTheOnlyWorker begins while there is none: the one that was killed last may not be back yet.
func TestAKillAwaitsTheOnlyWorker(t *testing.T) {
	worker := exec.Command("sh", "-c", "sleep 0.2; exec sleep $LENGTH")
	worker.Env = append(os.Environ(), "LENGTH=60.5")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 600*time.Millisecond)
	defer cancel()
	err := killInTurn(ctx, &service{pid: os.Getpid(), launch: launch{marker: "sleep 60.5"}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context, in the pause after the first kill", err)
		_ = worker.Process.Kill()
	}
	_ = worker.Wait() // that it was killed is seen next
	if status := worker.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("got %v, want the worker killed", worker.ProcessState)
	}
}
