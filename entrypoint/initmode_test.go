package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/output"
	"percore/entrypoint/self"
)

func TestInitSaysWhatItCannotDo(t *testing.T) {
	for name, c := range map[string]struct {
		environ, args []string
		stderr        string
	}{
		"no command":                  {args: []string{"init"}, stderr: "no command"},
		"two dashes and nothing":      {args: []string{"init", "--"}, stderr: "no command"},
		"the variable and no command": {environ: []string{"PERCORE_MODE=init"}, stderr: "no command"},
		"an option of tini's":         {args: []string{"init", "-g", "--", "true"}, stderr: `no option "-g"`},
		"a misspelt variable": {
			environ: []string{"PERCORE_WAIT_AL=1"}, args: []string{"init", "true"}, stderr: "PERCORE_WAIT_ALL",
		},
		"a remap that is none": {
			environ: []string{"PERCORE_EXIT_REMAP=143"}, args: []string{"init", "true"},
			stderr: "PERCORE_EXIT_REMAP",
		},
		"a signal that cannot be seen": {environ: []string{"PERCORE_SIGNAL_MAP=KILL:TERM"}, args: []string{"init", "true"}, stderr: "KILL"},
	} {
		t.Run(name, func(t *testing.T) {
			got := playWith(c.environ, c.args...)
			if got.code != self.ExitConfig || !strings.Contains(got.stderr, c.stderr) || got.stdout != "" {
				t.Errorf("got %+v, want code %d and %q on stderr", got, self.ExitConfig, c.stderr)
			}
		})
	}
}

func TestWhoEndsUpInModeInit(t *testing.T) {
	for name, c := range map[string]struct {
		environ, args []string
		want          bool
	}{
		"the word":                            {args: []string{"init", "--", "true"}, want: true},
		"the variable and a command":          {environ: []string{"PERCORE_MODE=init"}, args: []string{"true"}, want: true},
		"the variable and dashes":             {environ: []string{"PERCORE_MODE=init"}, args: []string{"--", "check"}, want: true},
		"the variable and a word of our own":  {environ: []string{"PERCORE_MODE=init"}, args: []string{"check"}},
		"neither":                             {args: []string{"true"}},
		"a command called init behind dashes": {args: []string{"--", "init"}},
	} {
		if got := wantsInit(self.Invocation{Args: c.args, Environ: c.environ}); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestImpatientWritesOnlyWhatFits(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	saved, err := syscall.Dup(2)
	if err != nil {
		t.Fatal(err)
	}
	// It asks about descriptor 2, so that has to be the pipe.
	if err := syscall.Dup3(int(writer.Fd()), 2, 0); err != nil {
		t.Fatal(err)
	}
	w := impatient{output.NewFile(writer)}
	long := []byte(strings.Repeat("y", 3*pipeBuf-1) + "\n")
	w.Write(long)
	reader.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := io.ReadAll(io.LimitReader(reader, int64(len(long)))); !bytes.Equal(got, long) {
		t.Errorf("a line longer than PIPE_BUF: got %d bytes (%v), want all %d", len(got), err, len(long))
	}
	line := []byte(strings.Repeat("x", 1023) + "\n")
	sent := 0
	for range 200 { // a pipe holds 64 of them
		n, err := w.Write(line)
		if n != len(line) || err != nil {
			t.Errorf("Write: got %d and %v, want all and success", n, err)
		}
		sent += n
	}
	w.Write(make([]byte, 1<<20))
	if err := syscall.Dup3(saved, 2, 0); err != nil {
		t.Fatal(err)
	}
	syscall.Close(saved)
	writer.Close()
	got, err := io.ReadAll(reader)
	if err != nil || len(got) == 0 || len(got) >= sent || bytes.Count(got, []byte("\n"))*len(line) != len(got) {
		t.Errorf("got %d of %d bytes (%v), want some, as whole lines", len(got), sent, err)
	}
}
