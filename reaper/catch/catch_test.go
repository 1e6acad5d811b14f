package catch_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper/catch"
)

func TestWhereASignalCameFrom(t *testing.T) {
	me := os.Getpid()
	tests := []struct {
		name                 string
		signal               catch.Signal
		own, ofChild, queued bool
	}{
		{"sent by another process", catch.Signal{Number: syscall.SIGTERM, PID: me + 1}, false, false, false},
		{"sent from outside the namespace", catch.Signal{Number: syscall.SIGTERM}, false, false, false},
		{"the runtime's own", catch.Signal{Number: syscall.SIGURG, Code: -6, PID: me}, true, false, false},
		{"the kernel's, with an address where the pid would be", catch.Signal{Number: syscall.SIGIO, Code: 1, PID: me}, false, false, false},
		{"from the terminal", catch.Signal{Number: syscall.SIGINT, Code: 0x80}, false, false, false},
		{"a child's end", catch.Signal{Number: syscall.SIGCHLD, Code: 1, PID: 77}, false, true, false},
		{"a child's stop", catch.Signal{Number: syscall.SIGCHLD, Code: 5, PID: 77}, false, true, false},
		{"CHLD that another process sent", catch.Signal{Number: syscall.SIGCHLD, PID: 77}, false, false, false},
		{"queued with a value", catch.Signal{Number: 40, Code: -1, PID: 77, Value: 5}, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.signal
			if s.Own() != tt.own || s.OfChild() != tt.ofChild || s.Queued() != tt.queued {
				t.Errorf("own %v, of a child %v, queued %v; want %v, %v, %v",
					s.Own(), s.OfChild(), s.Queued(), tt.own, tt.ofChild, tt.queued)
			}
		})
	}
}

func TestWhatACatcherDoes(t *testing.T) {
	tests := []struct {
		name, word, want string
	}{
		{"signals arrive in the order they were caught", "order", "10 12 1"},
		{"nothing within the deadline is no error", "deadline", "none, after 20ms or more"},
		{"a deadline that has passed is no wait", "past", "none"},
		{"what comes within the deadline arrives", "intime", "15"},
		{"a pause is not cut short, and nothing is lost", "pause", "after 30ms or more: 10 10 10"},
		{"what is soon to come is seen and stays", "soon", "true: 10 18 12"},
		{"one that came before is not taken for the next", "older", "true, then false, then true: 18 10 18"},
		{"what does not come is not waited for long", "never", "false: 10"},
		{"more than fits into the pipe", "flood", "TERM among the last"},
		{"a crowd of children is told of once", "crowd", "one record or few"},
		{"a value that was queued", "value", "40 with 4711"},
	}
	for _, first := range []string{"init", "late"} {
		for _, tt := range tests {
			t.Run(first+": "+tt.name, func(t *testing.T) {
				out, err := exec.Command("/proc/self/exe", first, tt.word).CombinedOutput()
				if got := strings.TrimSpace(string(out)); got != tt.want || err != nil {
					t.Errorf("got %q and %v, want %q", got, err, tt.want)
				}
			})
		}
	}
}

func Example() {
	// A program's first act: from here on nothing else gets to see a signal.
	if len(os.Args) < 2 || os.Args[1] != "example" {
		return // not in this process
	}
	signals, err := catch.All()
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		sig, inTime, err := signals.Next(time.Now().Add(time.Minute))
		if err != nil || !inTime {
			return
		}
		fmt.Println(sig.Number, "from", sig.PID)
	}
}
