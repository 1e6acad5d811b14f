package early

import (
	"encoding/binary"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"percore/reaper/entry"
)

// guarded is a reader on a pipe into which the test writes what the entry would.
func guarded(t *testing.T, room int) (g *guardReader, catch func(...syscall.Signal)) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	g = &guardReader{pipe: os.NewFile(uintptr(fds[0]), "signals"), fd: fds[0], to: make(chan os.Signal, room), done: make(chan struct{})}
	t.Cleanup(func() { g.pipe.Close(); syscall.Close(fds[1]) })
	return g, func(sent ...syscall.Signal) {
		for _, sig := range sent {
			record := make([]byte, entry.RecordBytes)
			binary.NativeEndian.PutUint32(record, uint32(sig))
			if _, err := syscall.Write(fds[1], record); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhatTheEntryCatchesIsPassedOnInItsOrder(t *testing.T) {
	g, catch := guarded(t, 10)
	catch(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGINT)
	go g.run()
	for i, want := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGINT} {
		if got := <-g.to; got != want {
			t.Errorf("signal %d: got %v, want %v", i, got, want)
		}
	}
	if rest := g.finish(); len(rest) > 0 {
		t.Errorf("the rest: got %v, want none", rest)
	}
}

func TestSignalsThatWouldNotEndAProgramAreDropped(t *testing.T) {
	g, catch := guarded(t, 10)
	catch(0, syscall.SIGUSR1, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGPIPE, 64)
	go g.run()
	if got := <-g.to; got != syscall.SIGTERM {
		t.Errorf("got %v, want TERM alone", got)
	}
	if rest := g.finish(); len(rest) > 0 {
		t.Errorf("the rest: got %v, want none", rest)
	}
}

// TestNothingIsLostBetweenTheReaderAndTheEnd: some wait in the channel, one in the reader's hand, and the rest in the pipe.
func TestNothingIsLostBetweenTheReaderAndTheEnd(t *testing.T) {
	g, catch := guarded(t, 2)
	sent := []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGHUP}
	catch(sent...)
	go g.run()
	for deadline := time.Now().Add(10 * time.Second); len(g.to) < cap(g.to) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	rest := g.finish()
	var want []os.Signal
	for _, sig := range sent {
		if ends(sig) {
			want = append(want, sig)
		}
	}
	if !slices.Equal(rest, want) {
		t.Errorf("got %v, want %v", rest, want)
	}
}

// The reader has ended before: what it passed on came before what is in the pipe. Many rounds, as a select takes any that is ready.
func TestWhatTheReaderPassedOnComesFirst(t *testing.T) {
	for range 20 {
		g, catch := guarded(t, 2)
		catch(syscall.SIGTERM, syscall.SIGHUP)
		go g.run()
		for deadline := time.Now().Add(10 * time.Second); len(g.to) < cap(g.to) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		_ = g.pipe.SetReadDeadline(time.Unix(0, 1))
		<-g.done
		catch(syscall.SIGINT)
		if got, want := g.finish(), []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT}; !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestTheEndOfTheReaderIsWaitedFor(t *testing.T) {
	g, _ := guarded(t, 1)
	go g.run()
	if rest := g.finish(); rest != nil {
		t.Errorf("got %v, want nothing", rest)
	}
	select {
	case <-g.done:
	default:
		t.Error("the reader runs on after finish")
	}
}
