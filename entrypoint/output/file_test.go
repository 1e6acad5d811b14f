package output_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/output"
)

func TestAFileThatSomebodyMadeNonBlockingLosesNothing(t *testing.T) {
	reader, writer := pipe(t)
	f := output.NewFile(writer)
	if err := syscall.SetNonblock(int(writer.Fd()), true); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("0123456789abcde\n", 1<<16) // 1 MiB, through a pipe of 64 KiB
	written := make(chan error, 1)
	go func() {
		n, err := f.Write([]byte(want))
		if err == nil && n != len(want) {
			err = io.ErrShortWrite
		}
		writer.Close()
		written <- err
	}()
	time.Sleep(10 * time.Millisecond) // let it meet a full pipe
	got, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Errorf("write: got %v, want no error", err)
	}
	if !bytes.Equal(got, []byte(want)) {
		t.Errorf("got %d bytes, want %d and the same", len(got), len(want))
	}
}

func TestTheErrorIsTheKernels(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED: no /dev/full:", err)
	}
	defer full.Close()
	n, err := output.NewFile(full).Write([]byte("x"))
	if n != 0 || err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("write to a full disk: got %d, %v, want ENOSPC", n, err)
	}
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.NewFile(full).Write([]byte("x")); err == nil {
		t.Error("write to a closed file: got no error")
	}
}

func TestAPipeIsNoTerminal(t *testing.T) {
	_, writer := pipe(t)
	if output.NewFile(writer).Terminal() {
		t.Error("a pipe: got a terminal")
	}
}
