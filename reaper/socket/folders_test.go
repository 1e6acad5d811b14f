package socket

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/internal/trial"
	"percore/reaper"
)

// folders has one place, whose folder the test's end removes.
func folders(t *testing.T) (f *Folders, place string) {
	t.Helper()
	place = trial.SocketDir(t)
	f = NewFolders([]string{place})
	t.Cleanup(f.Close)
	return f, place
}

func assign(t *testing.T, f *Folders, worker string) string {
	t.Helper()
	path, err := f.Assign(worker)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEachWorkerHasAPathOfItsOwn(t *testing.T) {
	f, place := folders(t)
	first, second, again := assign(t, f, "web-0"), assign(t, f, "web-1"), assign(t, f, "web-0")
	if first == second || first == again || filepath.Base(first) != "web-0.sock" || filepath.Base(again) != "web-0.sock" {
		t.Errorf("got %s, %s and %s, want three paths, two of which end alike", first, second, again)
	}
	for _, path := range []string{first, second, again} {
		if !strings.HasPrefix(path, place+"/"+basePrefix) {
			t.Errorf("got %s, want it below the one folder in %s", path, place)
		}
	}
	if list, _ := os.ReadDir(place); len(list) != 1 {
		t.Errorf("got %v in the place, want one folder for all", list)
	}
}

func TestTheFirstPlaceThatTakesAFolderHasIt(t *testing.T) {
	place, file := trial.SocketDir(t), filepath.Join(trial.SocketDir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := NewFolders([]string{"/nonexistent", file, place, trial.SocketDir(t)})
	defer f.Close()
	if got := assign(t, f, "web"); !strings.HasPrefix(got, place+"/") {
		t.Errorf("got %s, want it in %s", got, place)
	}
}

func TestWithoutAPlaceTheErrorSaysWhatToDo(t *testing.T) {
	_, err := NewFolders([]string{"/nonexistent", "/proc"}).Assign("web")
	if err == nil || !strings.Contains(err.Error(), "--tmpfs /run") || !strings.Contains(err.Error(), "/nonexistent") {
		t.Errorf("got %v, want the remedy and what was tried", err)
	}
}

func TestAPathThatDoesNotFitIsRefusedAndTakesNoSlot(t *testing.T) {
	f, _ := folders(t)
	before := assign(t, f, "web")
	_, err := f.Assign(strings.Repeat("n", pathMax))
	if err == nil || !strings.Contains(err.Error(), "at most 107") {
		t.Errorf("got %v, want the limit", err)
	}
	after := assign(t, f, "web")
	if got, want := filepath.Base(filepath.Dir(after)), "1"; got != want {
		t.Errorf("behind %s got folder %s, want %s", before, got, want)
	}
	room := pathMax - len(filepath.Join(f.base.path, "2", ".sock"))
	if path := assign(t, f, strings.Repeat("n", room)); len(path) != pathMax {
		t.Errorf("got %d bytes, want the longest path of %d", len(path), pathMax)
	}
}

func TestNothingIsLeftAfterTheEnd(t *testing.T) {
	place := trial.SocketDir(t)
	f := NewFolders([]string{place})
	path := assign(t, f, "web")
	if err := Clear(path, nil); err != nil {
		t.Fatal(err)
	}
	trial.LeaveSocket(t, path)
	f.Close()
	f.Close() // the second one does nothing
	if list, _ := os.ReadDir(place); len(list) > 0 {
		t.Errorf("got %v, want nothing", list)
	}
	if path = assign(t, f, "web"); !strings.HasPrefix(path, place) {
		t.Errorf("after a close got %s, want a new folder in %s", path, place)
	}
	f.Close()
}

func TestClearLeavesAnEmptyFolder(t *testing.T) {
	f, _ := folders(t)
	path := assign(t, f, "web")
	for range 2 {
		if err := Clear(path, nil); err != nil {
			t.Fatal(err)
		}
		trial.LeaveSocket(t, path)
		if err := os.MkdirAll(filepath.Join(filepath.Dir(path), "left", "behind"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clear(path, nil); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(filepath.Dir(path)); len(list) > 0 {
		t.Errorf("got %v, want nothing of the process before", list)
	}
}

func TestAFolderIsForPercoreAndTheGroupOfTheWorker(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another group's folder takes root")
	}
	for name, c := range map[string]struct {
		owner *reaper.Credential
		want  string
	}{
		"a worker with a user": {&reaper.Credential{UID: 1000, GID: 1001}, "0:1001 dtrwx-wx--x"},
		"percore's own user":   {nil, fmt.Sprintf("0:%d dtrwx-wx--x", os.Getegid())},
	} {
		f, _ := folders(t)
		path := assign(t, f, "web")
		if err := Clear(path, c.owner); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*syscall.Stat_t)
		if got := fmt.Sprintf("%d:%d %v", stat.Uid, stat.Gid, info.Mode()); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestClearSaysWhichStepFailed(t *testing.T) {
	f, _ := folders(t)
	path := assign(t, f, "web")
	if err := os.RemoveAll(f.base.path); err != nil { // by an operator who tidies up
		t.Fatal(err)
	}
	if err := Clear(path, nil); err == nil || !strings.Contains(err.Error(), "make socket's folder") {
		t.Errorf("got %v, want the step", err)
	}
}
