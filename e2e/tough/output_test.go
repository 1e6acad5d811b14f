package tough

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outlet is a way for percore's stdout and stderr to be of no use.
type outlet struct {
	name    string
	open    func(t *testing.T) *os.File
	wrapper []string
}

var outlets = []outlet{
	{name: "closed", open: devNull, wrapper: []string{"sh", "-c", `exec "$@" >&- 2>&-`, "sh"}},
	{name: "a broken pipe", open: brokenPipe},
	{name: "a full pipe that nobody reads", open: fullPipe},
	{name: "a full disk", open: fullDisk},
}

func devNull(t *testing.T) *os.File  { return open(t, os.DevNull) }
func fullDisk(t *testing.T) *os.File { return open(t, "/dev/full") }

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func brokenPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer := pipe(t)
	reader.Close()
	return writer
}

func fullPipe(t *testing.T) *os.File {
	t.Helper()
	_, writer := pipe(t)
	fill(t, writer)
	return writer
}

func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// fill writes until the pipe takes no more.
func fill(t *testing.T, writer *os.File) {
	t.Helper()
	if err := writer.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for {
			if _, err := writer.Write([]byte(strings.Repeat("\n", size))); err != nil {
				break
			}
		}
		_ = writer.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	}
}

// TestUselessOutputHarmsNobody serves, restarts a worker, idles and stops, with nowhere to say so.
func TestUselessOutputHarmsNobody(t *testing.T) {
	for _, outlet := range outlets {
		t.Run(outlet.name, func(t *testing.T) {
			file := outlet.open(t)
			s := start(t, setup{
				stdout: file, stderr: file, wrapper: outlet.wrapper,
				env: map[string]string{"PERCORE_ACCESS_LOG": "combined", "PERCORE_LOGLEVEL": "debug", "PERCORE_STOP_TIMEOUT": "3"},
			})
			s.awaitAnswer()
			for range 3 {
				s.replaceWorker()
			}
			for range 300 { // more access log than a pipe takes
				if !s.get() {
					t.Error("GET: got no 200")
				}
			}
			s.expectRest()
			s.expectStop()
		})
	}
}

// replaceWorker kills the worker and waits until another one answers.
func (s *service) replaceWorker() {
	s.Helper()
	old := 0
	s.await("a worker", func() bool { old = s.worker(); return old != 0 })
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		s.Fatalf("kill worker %d: %v", old, err)
	}
	s.await("another worker", func() bool { now := s.worker(); return now != 0 && now != old })
	s.awaitAnswer()
}

// expectRest wants PID 1 and the front door to use next to no CPU when nobody asks for anything.
func (s *service) expectRest() {
	s.Helper()
	const idle, most = time.Second, 100 * time.Millisecond // a spinning thread takes it all
	front := s.front()
	before, frontBefore := cpu(s.pid), cpu(front)
	time.Sleep(idle)
	pid1, door := cpu(s.pid)-before, cpu(front)-frontBefore
	s.Logf("CPU in %v: PID 1 %v, front door %v", idle, pid1, door)
	if pid1 > most || door > most {
		s.Errorf("CPU in %v: got %v in PID 1 and %v in the front door, want at most %v", idle, pid1, door, most)
	}
}

func TestUselessOutputDoesNotChangeTheExitCode(t *testing.T) {
	for name, c := range map[string]struct {
		setup setup
		want  int
	}{
		"the command is not found":     {setup{args: []string{"/no/such/command"}}, 127},
		"the command ends the fleet":   {setup{args: []string{"sh", "-c", "exit 9"}, env: map[string]string{"PERCORE_STARTRETRIES": "0"}}, 9},
		"the configuration has errors": {setup{env: map[string]string{"PERCORE_WROKERS": "2"}}, 2},
	} {
		for _, outlet := range outlets {
			t.Run(name+", "+outlet.name, func(t *testing.T) {
				t.Parallel()
				c.setup.stderr = outlet.open(t)
				c.setup.stdout, c.setup.wrapper = c.setup.stderr, outlet.wrapper
				if got := start(t, c.setup).wait(); got != c.want {
					t.Errorf("exit code: got %d, want %d", got, c.want)
				}
			})
		}
	}
}

// TestALogThatIsReadLateIsWhole has a reader that sleeps while a worker dies again and again.
func TestALogThatIsReadLateIsWhole(t *testing.T) {
	reader, writer := pipe(t)
	fill(t, writer)
	s := start(t, setup{
		args: []string{"sh", "-c", "exit 3"}, stderr: writer,
		env: map[string]string{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_STARTSECS": "0", "PERCORE_LOGLEVEL": "debug"},
	})
	const enough = 600 // deaths, of about one KiB each: more than fits
	s.await("many deaths", func() bool { return s.newestPID() > enough })
	go s.copyTo(reader)
	s.await("the lines that were kept", func() bool { return len(s.lines("log lines dropped")) > 0 })
	s.expectStop()
	writer.Close()
	kept, lost := 0, 0
	for _, l := range s.lines("worker ended") {
		kept++
		if l.Reason == "" || l.PID == 0 {
			t.Errorf("line: got %+v, want a whole one", l)
		}
	}
	for _, l := range s.lines("log lines dropped") {
		lost += l.Count
	}
	t.Logf("%d ends told, %d lines dropped", kept, lost)
	if kept == 0 || lost == 0 {
		t.Errorf("got %d ends told and %d lines dropped, want some of each", kept, lost)
	}
}

// newestPID is the highest pid among PID 1's children, as its namespace counts; it grows with every fork.
func (s *service) newestPID() int {
	newest := 0
	for _, pid := range childrenOf(s.pid) {
		if ids := strings.Fields(status(pid, "NSpid")); len(ids) > 0 {
			n, _ := strconv.Atoi(ids[len(ids)-1])
			newest = max(newest, n)
		}
	}
	return newest
}

// copyTo moves what comes out of the pipe into the journal.
func (s *service) copyTo(reader *os.File) {
	file, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.ReadFrom(reader)
}
