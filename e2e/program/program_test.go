package program

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestABuiltProgramIsStaticAndRuns(t *testing.T) {
	dir, err := Folder(t.TempDir(), "built-")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("folder: got %v and %v, want one that every user can enter", info, err)
	}
	binary := filepath.Join(dir, "reverseproxy")
	if err := Build(context.Background(), binary, "percore/bench/reverseproxy"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, "-no-such-flag").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "flag provided but not defined") {
		t.Errorf("got %v and %q, want the program's own complaint", err, out)
	}
	if err := Build(context.Background(), binary, "percore/no/such/package"); err == nil || !strings.Contains(err.Error(), "build percore/no/such/package") {
		t.Errorf("got %v, want the package named", err)
	}
	if _, err := Folder("/no/such/place", "x-"); err == nil {
		t.Error("folder in no place: got no error")
	}
}

func TestAwaitLooksUntilTheConditionHolds(t *testing.T) {
	looks := 0
	if err := Await(time.Minute, "the third look", func() bool { looks++; return looks == 3 }); err != nil || looks != 3 {
		t.Errorf("got %v after %d looks, want no error after 3", err, looks)
	}
	err := Await(5*time.Millisecond, "the moon", func() bool { return false })
	if err == nil || err.Error() != "wait for the moon: not within 5ms" {
		t.Errorf("got %v, want what was waited for and how long", err)
	}
}

func TestAnAddressAcceptsWhileSomethingListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if !Accepts(address) {
		t.Errorf("%s: got that it does not accept", address)
	}
	listener.Close()
	if Accepts(address) {
		t.Errorf("%s: got that it accepts after its end", address)
	}
}
