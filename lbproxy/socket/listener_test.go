package socket

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAListenerNeverTakesThePlaceOfAFile: a path in LISTEN that is a file by mistake must survive it.
func TestAListenerNeverTakesThePlaceOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ls, err := Listen(UnixPrefix+path, 1); err == nil {
		CloseListeners(ls)
		t.Error("listen on a file: got no error, want one")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "data" {
		t.Errorf("the file: got %q and %v, want it untouched", b, err)
	}
}

func TestALeftOverSocketIsReplacedAndALiveOneIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	if ls, err := Listen(UnixPrefix+path, 1); err == nil {
		CloseListeners(ls)
		t.Error("listen where somebody listens: got no error, want one")
	}
	old.Close()
	ls, err := Listen(UnixPrefix+path, 3)
	if err != nil {
		t.Fatalf("listen on what a dead process left: got %v, want no error", err)
	}
	if len(ls) != 1 {
		t.Errorf("sockets for a unix path and 3 loops: got %d, want 1", len(ls))
	}
	CloseListeners(ls)
}

// The mode is there from birth: a chmod afterwards could be given another file by whoever owns the folder.
func TestEverybodyMayConnectToASocketWhateverTheUmask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before := syscall.Umask(0o077)
	ls, err := Listen(UnixPrefix+path, 1)
	after := syscall.Umask(before)
	if err != nil {
		t.Fatal(err)
	}
	defer CloseListeners(ls)
	if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o666 {
		t.Errorf("got %v, %v, want mode 0666", info.Mode(), err)
	}
	if after != 0o077 {
		t.Errorf("umask afterwards: got %#o, want what it was", after)
	}
}

func TestTheSocketsOfOneAddressShareThePortThatTheKernelChose(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			ls, err := Listen(address, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer CloseListeners(ls)
			want := ls[0].port(0)
			for i := range ls {
				if got := ls[i].port(0); got != want || got == 0 || ls[i].Loop != i {
					t.Errorf("socket %d: got port %d of loop %d, want %d of loop %d", i, got, ls[i].Loop, want, i)
				}
			}
		})
	}
}
