package entry_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper/entry"
)

// ways are the two that signals come to be caught: by the entry, and by CatchAll in a process that it left alone.
var ways = []struct{ name, word string }{{"since the entry", "init"}, {"since CatchAll", "late"}}

func TestEverySignalThatCanBeCaughtIs(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			c := begin(t, nil, self(t), way.word, "records")
			if got := c.line(); got != "ready" {
				t.Fatalf("got %q, want ready", got)
			}
			for sig := syscall.Signal(1); sig <= entry.SignalMax; sig++ {
				switch sig {
				case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGTERM:
					continue
				}
				c.signal(sig)
				if got, want := c.line(), fmt.Sprintf("signal %d code 0 own false", sig); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			c.signal(syscall.SIGTERM)
			c.all()
			if state := c.wait(); !state.Success() {
				t.Errorf("got %v, want success", state)
			}
		})
	}
}

func TestEqualRealTimeSignalsAllArrive(t *testing.T) {
	const sent, sig = 50, 40
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			c := begin(t, nil, self(t), way.word, "records")
			c.line()
			c.signal(syscall.SIGSTOP)
			for range sent {
				c.signal(sig)
			}
			c.signal(syscall.SIGCONT)
			arrived := 0
			for arrived < sent {
				if strings.HasPrefix(c.line(), fmt.Sprintf("signal %d ", sig)) {
					arrived++
				}
			}
			c.signal(syscall.SIGTERM)
			if rest := c.all(); strings.Contains(rest, fmt.Sprintf("signal %d ", sig)) {
				t.Errorf("got more than %d: %q", sent, rest)
			}
		})
	}
}

func TestAFaultOfOurOwnStillPanics(t *testing.T) {
	for _, way := range ways {
		if got, want := begin(t, nil, self(t), way.word, "fault").all(), "recovered\n"; got != want {
			t.Errorf("caught %s: got %q, want %q", way.name, got, want)
		}
	}
}

func TestAFullPipeIsRemembered(t *testing.T) {
	for _, way := range ways {
		if got, want := begin(t, nil, self(t), way.word, "overflow").all(), "term true twice false\n"; got != want {
			t.Errorf("caught %s: got %q, want %q", way.name, got, want)
		}
	}
}

// The reader may have emptied the pipe, and found no overflow, between the write that failed and the note of it.
func TestTheReaderIsTalkedToAgainAfterARecordDidNotFit(t *testing.T) {
	for _, way := range ways {
		if got, want := begin(t, nil, self(t), way.word, "refused").all(), "term true, then record of signal 0\n"; got != want {
			t.Errorf("caught %s: got %q, want %q", way.name, got, want)
		}
	}
}

func TestSignalsCanBeHandedBackToTheRuntime(t *testing.T) {
	if got, want := begin(t, nil, self(t), "init", "handback").all(), "user defined signal 1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheMaskIsSetAndTheOneBeforeReturned(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	first := entry.SetMask(bits(syscall.SIGUSR1))
	second := entry.SetMask(first)
	if third := entry.SetMask(first); second != bits(syscall.SIGUSR1) || third != first {
		t.Errorf("masks: got %x and %x, want %x and %x", second, third, bits(syscall.SIGUSR1), first)
	}
}

func TestDispositionsOfImpossibleSignalsAreRefused(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, 0, 65} {
		if err := entry.Set(sig, entry.Ignored); err == nil {
			t.Errorf("Set(%d): got success, want an error", sig)
		}
	}
}

// next reads a record.
func next(fd int) (sig, code, pid int) {
	record := make([]byte, entry.RecordBytes)
	for {
		n, err := syscall.Read(fd, record)
		if err == syscall.EINTR {
			continue
		}
		if n != len(record) {
			fmt.Println("short record", n, err)
			os.Exit(1)
		}
		var words [8]int32
		binary.Read(bytes.NewReader(record), binary.NativeEndian, &words)
		return int(words[0]), int(words[2]), int(words[4])
	}
}

func caught() int {
	fd, err := entry.CatchAll()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return fd
}

// reportFirst takes its time before it reads, as a program that is still starting does.
func reportFirst() {
	fd := caught()
	for {
		sig, _, pid := next(fd)
		if pid == os.Getpid() {
			continue // the runtime's own SIGURG
		}
		fmt.Println("signal", sig)
		return
	}
}

// reportRecords goes on until TERM.
func reportRecords() {
	fd := caught()
	fmt.Println("ready")
	for {
		sig, code, pid := next(fd)
		if own := pid == os.Getpid(); sig != int(syscall.SIGURG) || !own {
			fmt.Printf("signal %d code %d own %v\n", sig, code, own)
		}
		if sig == int(syscall.SIGTERM) {
			return
		}
	}
}

func fault() {
	caught()
	defer func() {
		if recover() != nil {
			fmt.Println("recovered")
		}
	}()
	var nowhere *int
	fmt.Println(*nowhere)
}

func overflow() {
	caught()
	for range 64<<10/entry.RecordBytes + 100 {
		syscall.Kill(os.Getpid(), 40)
	}
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	term := bits(syscall.SIGTERM)
	deadline := time.Now().Add(10 * time.Second)
	seen := entry.Overflow()
	for seen&term == 0 && time.Now().Before(deadline) {
		seen |= entry.Overflow()
	}
	fmt.Println("term", seen&term != 0, "twice", entry.Overflow()&term != 0)
}

// refused has the handler write to a socket of which the first write fails and the second does not: the answer that
// no socket listened to an earlier datagram is reported once (man 7 udp).
func refused() {
	caught()
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	socket := func() int {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
		must(err)
		return fd
	}
	reader, writer := socket(), socket()
	loopback := [4]byte{127, 0, 0, 1}
	must(syscall.Bind(reader, &syscall.SockaddrInet4{Addr: loopback}))
	address, err := syscall.Getsockname(reader)
	must(err)
	must(syscall.Close(reader))
	must(syscall.Connect(writer, address))
	_, err = syscall.Write(writer, []byte("nobody listens"))
	must(err)
	reader = socket()
	must(syscall.Bind(reader, address))

	runtime.LockOSThread() // a signal to oneself arrives before kill returns
	entry.SetWriteEnd(writer)
	must(syscall.Kill(os.Getpid(), syscall.SIGTERM))
	sig, _, _ := next(reader)
	fmt.Printf("term %v, then record of signal %d\n", entry.Overflow()&bits(syscall.SIGTERM) != 0, sig)
}

func handBack() {
	entry.HandBack()
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	select {
	case sig := <-c:
		fmt.Println(sig)
	case <-time.After(10 * time.Second):
		fmt.Println("nothing")
	}
}
