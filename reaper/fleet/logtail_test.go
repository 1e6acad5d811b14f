package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALogFileIsReadFromAnyOffset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file := newLogFile(path, 0, 0)
	_, _ = file.Write([]byte("0123456789"))
	for _, tt := range []struct {
		name string
		from int64
		max  int
		want string
		next int64
	}{
		{"the end", -4, 100, "6789", 10},
		{"more than there is", -1600, 100, "0123456789", 10},
		{"the first part of the end", -4, 2, "67", 8},
		{"from where the last call was", 8, 100, "89", 10},
		{"nothing new", 10, 100, "", 10},
		{"a file that has become shorter", 11, 3, "012", 3},
	} {
		data, next, wake, ok := file.read(tt.from, tt.max)
		if string(data) != tt.want || next != tt.next || wake == nil || !ok {
			t.Errorf("%s: got %q, %d and %v, want %q and %d", tt.name, data, next, ok, tt.want, tt.next)
		}
	}
	_, _, wake, _ := file.read(10, 1)
	_, _ = file.Write([]byte("more\n"))
	<-wake
	if _, _, _, ok := newLogFile(filepath.Dir(path), 0, 0).read(0, 1); ok {
		t.Error("a directory: got ok, want the memory to be read")
	}
}

func TestAClearedLogFileIsEmptyAndGoesOn(t *testing.T) {
	for _, removed := range []bool{false, true} {
		dir := t.TempDir()
		file := newLogFile(filepath.Join(dir, "log"), 8, 1)
		_, _ = file.Write([]byte("old\n"))
		if removed {
			_ = os.Remove(file.spec.Path)
		}
		_, _, wake, _ := file.read(0, 1)
		if err := file.clear(); err != nil {
			t.Fatal(err)
		}
		if wake != nil {
			<-wake
		}
		_, _ = file.Write([]byte("new\n"))
		if got := filesIn(t, dir); got != "log=new|" {
			t.Errorf("removed before %v: got %s, want only what came after, and no rotation", removed, got)
		}
	}
}

func TestALogFileIsFollowedOverItsRotation(t *testing.T) {
	dir := t.TempDir()
	file := newLogFile(filepath.Join(dir, "log"), 8, 1)
	at := int64(0)
	follow := func(want string) {
		t.Helper()
		var got []byte
		for {
			data, next, wake, _ := file.read(at, 3)
			at, got = next, append(got, data...)
			select {
			case <-wake:
			default:
				if len(data) > 0 {
					continue
				}
				if string(got) != want {
					t.Fatalf("got %q, want %q", got, want)
				}
				return
			}
		}
	}
	write := func(text string) { _, _ = file.Write([]byte(text)) }
	write("1234\n")
	follow("1234\n")
	write("67890\n") // rotates
	write("a\n")
	follow("67890\na\n")
	write("bcdefghi\n")
	write("jklmnopq\n") // rotates twice: what was in between is gone
	follow("jklmnopq\n")
	write("r\n")
	follow("r\n")
	if err := file.clear(); err != nil {
		t.Fatal(err)
	}
	follow("")
	write("s\n")
	follow("s\n")
	if err := os.Truncate(file.spec.Path, 0); err != nil { // by somebody else
		t.Fatal(err)
	}
	follow("")
	write("t\n")
	follow("t\n")
}

// TestTailAndClearGoByTheLogFile is about a real worker that writes more than memory keeps.
func TestTailAndClearGoByTheLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	program := Program{
		Group: "g", Name: "p", Command: []string{"/bin/sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo to stderr >&2; exec sleep 1000"},
		Ready: Ready{Kind: ReadyNone}, Stdout: LogFile{Path: path},
	}
	f := startReal(t, program, nil).fleet
	await := func(stream string, from int64, want string) (text string) {
		t.Helper()
		for {
			data, _, wake, ok := f.Tail("g:p", stream, from, 1<<20)
			if text = string(data); ok && strings.HasSuffix(text, want) {
				return text
			}
			if wake == nil {
				t.Fatalf("got %v without wake, want a tail", ok)
			}
			<-wake
		}
	}
	waitFor(t, "the worker runs", func() bool { return f.Status()[0].PID != 0 })
	if text := await("stdout", -15000, "line 1999\n"); len(text) != 15000 {
		t.Errorf("tail: got %d bytes, want 15000, of the file", len(text))
	}
	await("stderr", -100, "to stderr\n")
	if err := f.Clear("g:p"); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if data, _, _, ok := f.Tail("g:p", stream, -100, 100); len(data) != 0 || !ok {
			t.Errorf("%s after clear: got %q", stream, data)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("file after clear: got %v and error %v, want it empty", info, err)
	}
	if err := f.Clear("g:nobody"); err == nil {
		t.Error("clear of nobody: got no error")
	}
}
