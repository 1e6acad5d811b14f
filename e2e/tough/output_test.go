package tough

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
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
			s := start(t, rig.Setup{
				Stdout: file, Stderr: file, Wrapper: outlet.wrapper,
				Env: map[string]string{"PERCORE_ACCESS_LOG": "combined", "PERCORE_LOGLEVEL": "debug", "PERCORE_STOP_TIMEOUT": "3"},
			})
			s.AwaitAnswer()
			for range 3 {
				s.replaceWorker()
			}
			for range 300 { // more access log than a pipe takes
				if !s.Answers() {
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
	s.Await("a worker", func() bool { old = s.worker(); return old != 0 })
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		s.Fatalf("kill worker %d: %v", old, err)
	}
	s.Await("another worker", func() bool { now := s.worker(); return now != 0 && now != old })
	s.AwaitAnswer()
}

// expectRest wants PID 1 and the front door to use next to no CPU when nobody asks for anything.
func (s *service) expectRest() {
	s.Helper()
	const idle, most = time.Second, 100 * time.Millisecond // a spinning thread takes it all
	front := s.front()
	before, frontBefore := proc.CPU(s.PID), proc.CPU(front)
	time.Sleep(idle)
	pid1, door := proc.CPU(s.PID)-before, proc.CPU(front)-frontBefore
	s.Logf("CPU in %v: PID 1 %v, front door %v", idle, pid1, door)
	if pid1 > most || door > most {
		s.Errorf("CPU in %v: got %v in PID 1 and %v in the front door, want at most %v", idle, pid1, door, most)
	}
}

func TestUselessOutputDoesNotChangeTheExitCode(t *testing.T) {
	for name, c := range map[string]struct {
		setup rig.Setup
		want  int
	}{
		"the command is not found":     {rig.Setup{Args: []string{"/no/such/command"}}, 127},
		"the command ends the fleet":   {rig.Setup{Args: []string{"sh", "-c", "exit 9"}, Env: map[string]string{"PERCORE_STARTRETRIES": "0"}}, 9},
		"the configuration has errors": {rig.Setup{Env: map[string]string{"PERCORE_WROKERS": "2"}}, 2},
	} {
		for _, outlet := range outlets {
			t.Run(name+", "+outlet.name, func(t *testing.T) {
				t.Parallel()
				c.setup.Stderr = outlet.open(t)
				c.setup.Stdout, c.setup.Wrapper = c.setup.Stderr, outlet.wrapper
				if got := start(t, c.setup).Wait(); got != c.want {
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
	s := start(t, rig.Setup{
		Args: []string{"sh", "-c", "exit 3"}, Stderr: writer,
		Env: map[string]string{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_STARTSECS": "0", "PERCORE_LOGLEVEL": "debug"},
	})
	const enough = 600 // deaths, of about one KiB each: more than fits
	s.Await("many deaths", func() bool { return s.newestPID() > enough })
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(s.Stderr(), reader)
		close(copied)
	}()
	s.Await("the lines that were kept", func() bool { return len(s.Lines("log lines dropped")) > 0 })
	s.expectStop()
	writer.Close()
	<-copied
	kept, lost := 0, 0
	for _, l := range s.Lines("worker ended") {
		kept++
		if l.Reason == "" || l.PID == 0 {
			t.Errorf("line: got %+v, want a whole one", l)
		}
	}
	for _, l := range s.Lines("log lines dropped") {
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
	for _, p := range proc.ReadAll(proc.Children(s.PID)) {
		newest = max(newest, p.Inside)
	}
	return newest
}
