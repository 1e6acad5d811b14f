package value_test

import (
	"os"
	"slices"
	"syscall"
	"testing"

	"percore/entrypoint/config/value"
)

func TestSignal(t *testing.T) {
	readAll[value.Signal](t, []reading{
		{name: "a short name", text: "TERM", want: "TERM"},
		{name: "a full name", text: "SIGQUIT", want: "QUIT"},
		{name: "a name in lower case", text: "sigint", want: "INT"},
		{name: "a number", text: "15", want: "TERM"},
		{name: "a real-time signal", text: "37", want: "37"},
		{name: "none", text: "0", err: "1 to 64"},
		{name: "beyond the last", text: "65", err: "1 to 64"},
		{name: "a negative number", text: "-9", err: "1 to 64"},
		{name: "an unknown name", text: "STOPPED", err: "not a signal"},
		{name: "the prefix alone", text: "SIG", err: "not a signal"},
	})
}

func TestSignalMap(t *testing.T) {
	readAll[value.SignalMap](t, []reading{
		{name: "one signal", text: "TERM:QUIT", want: "TERM:QUIT"},
		{name: "one that is dropped", text: "HUP:", want: "HUP:"},
		{name: "several, in any form", text: "sigterm:3, 1:", want: "HUP:,TERM:QUIT"},
		{name: "a real-time one", text: "40:TERM", want: "40:TERM"},
		{name: "no colon", text: "TERM", err: "not a list of pairs"},
		{name: "no such signal", text: "TREM:QUIT", err: "before the colon is not a signal"},
		{name: "no such signal to become", text: "TERM:QUITE", err: "after the colon is not a signal"},
		{name: "one that cannot be caught", text: "KILL:TERM", err: "has KILL, which the kernel never delivers"},
		{name: "a signal twice", text: "TERM:QUIT,15:INT", err: "has TERM twice"},
	})
}

func TestSignals(t *testing.T) {
	readAll[value.Signals](t, []reading{
		{name: "one", text: "USR1", want: "USR1"},
		{name: "several, in any form", text: "usr1, SIGWINCH ,12", want: "USR1,WINCH,USR2"},
		{name: "a real-time one", text: "RTMIN+3", want: "37"},
		{name: "one that percore goes by, which loses that meaning", text: "HUP", want: "HUP"},
		{name: "one that stops percore", text: "USR1,INT", err: "has INT, which stops percore"},
		{name: "one that cannot be caught", text: "STOP", err: "has STOP, which cannot be passed on"},
		{name: "one that the Go runtime uses", text: "URG", err: "has URG, which cannot be passed on"},
		{name: "the same one twice", text: "USR1,10", err: "has USR1 twice"},
		{name: "an empty item", text: "USR1,", err: "not a signal"},
	})
	list := value.Signals{value.Signal(syscall.SIGUSR1), value.Signal(syscall.SIGHUP)}
	if got := list.OS(); !slices.Equal(got, []os.Signal{syscall.SIGUSR1, syscall.SIGHUP}) {
		t.Errorf("OS: got %v, want USR1 and HUP", got)
	}
	if got := value.Signals(nil).OS(); len(got) != 0 {
		t.Errorf("OS of none: got %v", got)
	}
}

func TestRealTimeSignals(t *testing.T) {
	readAll[value.Signal](t, []reading{
		{name: "the first that programs may use", text: "RTMIN", want: "34"},
		{name: "counted from the first", text: "SIGRTMIN+3", want: "37"},
		{name: "counted from the last", text: "rtmax-1", want: "63"},
		{name: "the last", text: "RTMAX", want: "64"},
		{name: "beyond the last", text: "RTMIN+31", err: "not a signal"},
		{name: "before the first", text: "RTMAX-31", err: "not a signal"},
		{name: "without a sign", text: "RTMIN3", err: "not a signal"},
		{name: "without a number", text: "RTMIN+", err: "not a signal"},
		{name: "with something else", text: "RTMIN+x", err: "not a signal"},
	})
}

func TestWhichSignalsStopAProcess(t *testing.T) {
	for signal, want := range map[syscall.Signal]bool{
		syscall.SIGTERM: true, syscall.SIGINT: true, syscall.SIGQUIT: true, syscall.SIGKILL: true, syscall.SIGUSR1: true, syscall.SIGWINCH: true,
		syscall.SIGSTOP: false, syscall.SIGCONT: false, syscall.SIGCHLD: false, syscall.SIGURG: false,
	} {
		if got := value.Signal(signal).Stops(); got != want {
			t.Errorf("%v: got %t, want %t", signal, got, want)
		}
	}
}
