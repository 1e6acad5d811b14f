package supervise

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config/value"
	"percore/entrypoint/output"
	"percore/internal/trial"
	"percore/reaper/fleet"
	"percore/reaper/lifecycle"
)

// notedOrders keep in words what was asked for.
func notedOrders(list *[]string) orders {
	note := func(format string, args ...any) { *list = append(*list, fmt.Sprintf(format, args...)) }
	return orders{
		stop: func(reason string) { note("stop %s", reason) }, roll: func(reason string) { note("roll %s", reason) },
		grow:    func(by int, reason string) { note("grow %+d %s", by, reason) },
		forward: func(sig syscall.Signal) { note("forward %d", sig) }, report: func() { note("report") },
	}
}

func TestWhatEachSignalAsksFor(t *testing.T) {
	for sig, want := range map[os.Signal]string{
		syscall.SIGTERM: "stop SIGTERM", syscall.SIGINT: "stop SIGINT", syscall.SIGQUIT: "stop SIGQUIT",
		syscall.SIGHUP: "roll SIGHUP", syscall.SIGUSR2: "roll SIGUSR2",
		syscall.SIGTTIN: "grow +1 SIGTTIN", syscall.SIGTTOU: "grow -1 SIGTTOU",
		syscall.SIGUSR1: "report", syscall.SIGWINCH: "", syscall.SIGCHLD: "",
	} {
		var got []string
		signals, done := make(chan os.Signal), make(chan struct{})
		ended := make(chan error)
		go func() { ended <- obeySignals(signals, done, nil, notedOrders(&got), slog.New(slog.DiscardHandler)) }()
		signals <- sig
		close(done)
		if err := <-ended; err != nil {
			t.Errorf("%v: got error %v", sig, err)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%v: got %q, want %q", sig, text, want)
		}
	}
}

// otherSignal is one of another system than this.
type otherSignal struct{}

// String and Signal make it an os.Signal.
func (otherSignal) String() string { return "other" }
func (otherSignal) Signal()        {}

func TestASignalThatIsForwardedMeansNothingToPercore(t *testing.T) {
	var got []string
	signals, done := make(chan os.Signal), make(chan struct{})
	ended := make(chan error)
	forward := value.Signals{value.Signal(syscall.SIGHUP), value.Signal(syscall.SIGWINCH)}
	go func() { ended <- obeySignals(signals, done, forward, notedOrders(&got), slog.New(slog.DiscardHandler)) }()
	for _, sig := range []os.Signal{syscall.SIGHUP, otherSignal{}, syscall.SIGWINCH, syscall.SIGTERM, syscall.SIGTERM} {
		signals <- sig
	}
	close(done)
	<-ended
	if want := []string{"forward 1", "forward 28", "stop SIGTERM", "stop SIGTERM"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheStatusOfEachProcessIsALine(t *testing.T) {
	var out trial.Buffer
	now := time.Now()
	logStatus([]fleet.WorkerStatus{
		{
			Process: "webs:web-8000", State: lifecycle.StateRunning, Ready: true, PID: 12,
			Started: now.Add(-90 * time.Second), Restarts: 2, LastExit: "killed by SIGKILL",
		},
		{Process: "webs:web-8001", State: lifecycle.StateFatal},
	}, now, output.NewLog(&out, slog.LevelInfo, output.StyleText))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %q, want two lines", lines)
	}
	for i, want := range []string{
		`process=webs:web-8000 state=RUNNING ready=true pid=12 uptime=1m30s restarts=2 last_exit="killed by SIGKILL"`,
		`process=webs:web-8001 state=FATAL ready=false pid=0 uptime=0s restarts=0 last_exit=""`,
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d: got %s, want %s", i, lines[i], want)
		}
	}
}
