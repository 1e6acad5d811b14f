package output_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/output"
)

const patience = 20 * time.Second

// pipe gives a pipe as the kernel makes it for a container's stderr: writes to it block.
func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	reader, writer = os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer")
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// fill writes until the pipe takes no more, and gives the number of bytes.
func fill(t *testing.T, writer *os.File) int {
	t.Helper()
	fd := int(writer.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	filled := 0
	for _, size := range []int{4096, 1} {
		for {
			n, err := syscall.Write(fd, []byte(strings.Repeat("\n", size)))
			if err != nil {
				break
			}
			filled += n
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return filled
}

// numbered is line n, long enough that a few thousand are more than fits.
func numbered(n int) string { return fmt.Sprintf("line %06d %s\n", n, strings.Repeat("x", 100)) }

func mustWrite(t *testing.T, q *output.Queue, line string) {
	t.Helper()
	if n, err := q.Write([]byte(line)); n != len(line) || err != nil {
		t.Fatalf("write: got %d, %v, want %d and no error", n, err, len(line))
	}
}

// within fails the test where something blocks that must not.
func within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("%s: it goes on for %v, want that it does not block", what, limit)
	}
}

func TestASlowReaderGetsEveryLineInOrder(t *testing.T) {
	reader, writer := pipe(t)
	fill(t, writer)
	q := output.NewQueue(output.NewFile(writer))
	const lines = 1500 // below the bound, above the pipe's
	within(t, patience, "writing to a full pipe", func() {
		for n := range lines {
			mustWrite(t, q, numbered(n))
		}
	})
	go func() {
		q.Close(patience)
		writer.Close()
	}()
	n := 0
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		if lines.Text() == "" {
			continue // the filling
		}
		if got, want := lines.Text()+"\n", numbered(n); got != want {
			t.Fatalf("line %d: got %q, want %q", n, got, want)
		}
		n++
	}
	if n != lines {
		t.Errorf("lines: got %d, want %d", n, lines)
	}
}

func TestWhatDoesNotFitIsCountedAndTheNewestStay(t *testing.T) {
	reader, writer := pipe(t)
	filled := fill(t, writer)
	q := output.NewQueue(output.NewFile(writer))
	const lines = 10000
	for n := range lines {
		mustWrite(t, q, numbered(n))
	}
	go func() {
		q.Close(patience)
		writer.Close()
	}()
	if _, err := io.CopyN(io.Discard, reader, int64(filled)); err != nil {
		t.Fatal(err)
	}
	got, lost := 0, 0
	last := ""
	for s := bufio.NewScanner(reader); s.Scan(); last = s.Text() {
		var n int
		if _, err := fmt.Sscanf(s.Text(), "percore: %d log lines dropped", &n); err == nil {
			lost += n
			continue
		}
		got++
	}
	if got+lost != lines || lost == 0 {
		t.Errorf("got %d lines and %d lost, want %d in all and some lost", got, lost, lines)
	}
	if want := strings.TrimSuffix(numbered(lines-1), "\n"); last != want {
		t.Errorf("last line: got %q, want %q", last, want)
	}
}

func TestClosingDoesNotWaitForAReaderThatNeverReads(t *testing.T) {
	_, writer := pipe(t)
	fill(t, writer)
	q := output.NewQueue(output.NewFile(writer))
	mustWrite(t, q, "no reader gets this\n")
	within(t, patience, "closing", func() { q.Close(50 * time.Millisecond) })
	mustWrite(t, q, "nor this\n")
	within(t, patience, "closing again", func() { q.Close(0) })
}

func TestClosingAnIdleQueueIsImmediate(t *testing.T) {
	reader, writer := pipe(t)
	q := output.NewQueue(output.NewFile(writer))
	mustWrite(t, q, "last words\n")
	within(t, patience, "closing", func() { q.Close(time.Hour) })
	writer.Close()
	if got, err := io.ReadAll(reader); string(got) != "last words\n" || err != nil {
		t.Errorf("output: got %q, %v, want the last words", got, err)
	}
}

func TestManyWritersDoNotMixTheirLines(t *testing.T) {
	reader, writer := pipe(t)
	q := output.NewQueue(output.NewFile(writer))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				_, _ = q.Write([]byte("a line that is whole\n"))
			}
		})
	}
	go func() {
		all.Wait()
		q.Close(patience)
		writer.Close()
	}()
	n := 0
	for s := bufio.NewScanner(reader); s.Scan(); n++ {
		if s.Text() != "a line that is whole" {
			t.Fatalf("got %q", s.Text())
		}
	}
	if n != 800 {
		t.Errorf("lines: got %d, want 800", n)
	}
}

// TestAFullDiskLosesLinesAndSaysSo has a disk that is full for three lines.
func TestAFullDiskLosesLinesAndSaysSo(t *testing.T) {
	disk := newDisk(t)
	q := output.NewQueue(output.NewFile(disk.file))
	mustWrite(t, q, "before\n")
	disk.awaitContent("before\n")
	disk.fillUp()
	for range 3 {
		mustWrite(t, q, "lost\n")
	}
	disk.awaitSeen(q)
	disk.makeRoom()
	mustWrite(t, q, "after\n")
	q.Close(patience)
	got := disk.content()
	if want := "before\npercore: 3 log lines dropped\nafter\n"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
}

func TestTheNoticeIsWordedByTheLog(t *testing.T) {
	disk := newDisk(t)
	q := output.NewQueue(output.NewFile(disk.file))
	q.SetNotice(func(n uint64) []byte { return fmt.Appendf(nil, "{\"dropped\":%d}\n", n) })
	disk.fillUp()
	mustWrite(t, q, "lost\n")
	disk.awaitSeen(q)
	disk.makeRoom()
	mustWrite(t, q, "after\n")
	q.Close(patience)
	if got, want := disk.content(), "{\"dropped\":1}\nafter\n"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
}

func TestABrokenPipeCostsNothingButLines(t *testing.T) {
	reader, writer := pipe(t)
	reader.Close()
	q := output.NewQueue(output.NewFile(writer))
	for range 1000 {
		mustWrite(t, q, "into the void\n")
	}
	within(t, patience, "closing", func() { q.Close(time.Hour) })
}
