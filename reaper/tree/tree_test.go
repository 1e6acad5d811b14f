package tree

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestStatIsReadWhateverTheName(t *testing.T) {
	tests := []struct {
		name, text string
		want       Process
		ok         bool
	}{
		{"an ordinary one", "7 (sleep) S 3 7 7 0", Process{PID: 7, Parent: 3, Name: "sleep"}, true},
		{"spaces and parentheses in it", "7 (a) R 9 (b) S 3 7", Process{PID: 7, Parent: 3, Name: "a) R 9 (b"}, true},
		{"an empty name", "7 () S 3 7", Process{PID: 7, Parent: 3}, true},
		{"a zombie", "7 (sh) Z 3 7", Process{PID: 7, Parent: 3, Name: "sh", zombie: true}, true},
		{"one that is just going", "7 (sh) X 0 -1", Process{PID: 7, Name: "sh", zombie: true}, true},
		{"no parent", "7 (sh) S", Process{}, false},
		{"a parent that is no number", "7 (sh) S x 7", Process{}, false},
		{"no parentheses", "7 sh S 3 7", Process{}, false},
		{"parentheses the wrong way round", "7 )sh( S 3 7", Process{}, false},
		{"nothing", "", Process{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseStat(7, []byte(tt.text))
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("parseStat: got %+v and %v, want %+v and %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestProcessesOfAnOddProc(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"1": "1 (init) S 0 1", "20": "20 (x) S 1 20", "self": "1 (init) S 0 1", "30": "garbage"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "stat"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "40"), 0o755); err != nil { // ended meanwhile
		t.Fatal(err)
	}
	if got := processes(dir); len(got) != 2 {
		t.Errorf("processes: got %+v, want 1 and 20", got)
	}
	if got := processes("/no/such/proc"); got != nil {
		t.Errorf("without /proc: got %+v, want none", got)
	}
}

func TestATreeIsSignalledOnceAndWhole(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", `sleep 60 & setsid sleep 60 & echo ready; wait`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	root := cmd.Process.Pid
	for deadline := time.Now().Add(10 * time.Second); sleepers(root) != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("sleepers: got %d, want 2", sleepers(root))
		}
	}
	sent := 0
	Signal(root, syscall.SIGTERM, func(err error) {
		if err == nil {
			sent++
		}
	})
	if sent != 2 {
		t.Errorf("signalled: got %d, want 2, without the root", sent)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the root: got %v, want it to end by itself", err)
	}
	if got := Descendants(root); len(got) != 0 {
		t.Errorf("descendants of what is gone: got %+v, want none", got)
	}
}

func sleepers(root int) int {
	n := 0
	for _, p := range Descendants(root) {
		if p.Name == "sleep" {
			n++
		}
	}
	return n
}
