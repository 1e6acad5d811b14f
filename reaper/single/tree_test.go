package single

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestStatIsReadWhateverTheName(t *testing.T) {
	tests := []struct {
		name, text string
		want       process
		ok         bool
	}{
		{"an ordinary one", "7 (sleep) S 3 7 7 0", process{pid: 7, parent: 3, name: "sleep"}, true},
		{"spaces and parentheses in it", "7 (a) R 9 (b) S 3 7", process{pid: 7, parent: 3, name: "a) R 9 (b"}, true},
		{"an empty name", "7 () S 3 7", process{pid: 7, parent: 3}, true},
		{"a zombie", "7 (sh) Z 3 7", process{pid: 7, parent: 3, name: "sh", zombie: true}, true},
		{"one that is just going", "7 (sh) X 0 -1", process{pid: 7, name: "sh", zombie: true}, true},
		{"no parent", "7 (sh) S", process{}, false},
		{"a parent that is no number", "7 (sh) S x 7", process{}, false},
		{"no parentheses", "7 sh S 3 7", process{}, false},
		{"parentheses the wrong way round", "7 )sh( S 3 7", process{}, false},
		{"nothing", "", process{}, false},
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
	eventually(t, "both sleep", func() bool {
		asleep := 0
		for _, p := range descendants(root) {
			if p.name == "sleep" {
				asleep++
			}
		}
		return asleep == 2
	})
	sent := 0
	signalTree(root, syscall.SIGTERM, func(err error) {
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
	if got := descendants(root); len(got) != 0 {
		t.Errorf("descendants of what is gone: got %+v, want none", got)
	}
}

func TestTheShimsStateIsReadStrictly(t *testing.T) {
	tests := []struct {
		text          string
		mask, ignored uint64
		ok            bool
	}{
		{"0,0", 0, 0, true},
		{"200,ffffffffffffffff", 0x200, 1<<64 - 1, true},
		{"", 0, 0, false},
		{"200", 0, 0, false},
		{"x,0", 0, 0, false},
		{"0,x", 0, 0, false},
	}
	for _, tt := range tests {
		mask, ignored, err := parseState(tt.text)
		if (err == nil) != tt.ok || tt.ok && (mask != tt.mask || ignored != tt.ignored) {
			t.Errorf("parseState(%q): got %x, %x, %v; want %x, %x, success %v", tt.text, mask, ignored, err, tt.mask, tt.ignored, tt.ok)
		}
	}
	var said strings.Builder
	if code := Become("nonsense", []string{"/bin/true"}, os.Environ(), &said); code != codeInternal || said.Len() == 0 {
		t.Errorf("Become with nonsense: got code %d and %q, want %d and a word", code, said.String(), codeInternal)
	}
}

func TestListenPIDIsFoundExactly(t *testing.T) {
	environ := []string{"A=1", "XLISTEN_PID=12", "LISTEN_PID=123", "LISTEN_PID=12", "LISTEN_PID=12"}
	for pid, want := range map[int]int{12: 3, 123: 2, 1: -1} {
		if got := listenIndex(environ, pid); got != want {
			t.Errorf("listenIndex for pid %d: got %d, want %d", pid, got, want)
		}
	}
}

func TestWhatProcShowsIsBetterThanNothing(t *testing.T) {
	dir := t.TempDir()
	if got := readProc(dir, os.Environ()); got.Mask != 0 || len(got.Environ) == 0 {
		t.Errorf("without /proc: got %+v, want the environment at least", got)
	}
	for name, text := range map[string]string{
		"environ": "A=1\x00A=2\x00NOTHING\x00", "status": "Name:\tx\nSigBlk:\t0000000000000200\nSigIgn:\t0000000000001000\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := readProc(dir, os.Environ())
	if strings.Join(got.Environ, " ") != "A=1 A=2 NOTHING" || got.Mask != 0x200 || got.Ignored != 0x1000 {
		t.Errorf("got %+v, want three entries, mask 200 and ignored 1000", got)
	}
}
