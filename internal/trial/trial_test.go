package trial_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/internal/trial"
)

func TestManyMayWriteWhileOneReads(t *testing.T) {
	const writers, each, line = 8, 100, "a line\n"
	var b trial.Buffer
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if n, err := b.Write([]byte(line)); n != len(line) || err != nil {
					t.Errorf("got %d and %v, want %d and no error", n, err, len(line))
				}
			}
		})
	}
	for read := ""; len(read) < writers*each*len(line); read = b.String() {
		if strings.Trim(strings.ReplaceAll(read, line, ""), "\n") != "" {
			t.Fatalf("got %q, want whole lines", read)
		}
	}
	all.Wait()
	if b.Reset(); b.String() != "" {
		t.Errorf("after the reset: got %q, want nothing", b.String())
	}
}

func TestAHeldBufferMakesItsWritersWait(t *testing.T) {
	var b trial.Buffer
	release := b.Hold()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = b.Write([]byte("x"))
	}()
	select {
	case <-written:
		t.Error("got a write that went on, want it to wait")
	case <-time.After(20 * time.Millisecond):
	}
	release()
	if <-written; b.String() != "x" {
		t.Errorf("got %q, want what waited", b.String())
	}
}

func TestASocketThatIsLeftRefuses(t *testing.T) {
	path := filepath.Join(trial.SocketDir(t), "s")
	trial.LeaveSocket(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		t.Errorf("got %v (%v), want a socket", info, err)
	}
	if another, err := net.Listen("unix", path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen: got %v and %v, want %v", another, err, syscall.EADDRINUSE)
	}
	if _, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: got %v, want %v", err, syscall.ECONNREFUSED)
	}
}

func TestAFolderForSocketsGoesWithItsTest(t *testing.T) {
	var dir string
	t.Run("with a name that is as long as a sentence, in which a socket's path would have no room "+strings.Repeat("x", 60), func(t *testing.T) {
		dir = trial.SocketDir(t)
		trial.LeaveSocket(t, filepath.Join(dir, strings.Repeat("s", 40)))
	})
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
