package single

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
