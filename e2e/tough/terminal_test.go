package tough

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// terminal is a pseudo-terminal; what is written to it is kept.
type terminal struct {
	master, slave *os.File
	mu            sync.Mutex // guards seen: a goroutine reads
	seen          strings.Builder
}

// newTerminal opens one (man 4 pts).
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("SKIPPED: a pseudo-terminal:", err)
	}
	var number, unlocked int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("SKIPPED: a pseudo-terminal:", err)
	}
	tty := &terminal{master: master, slave: slave}
	t.Cleanup(func() { master.Close(); slave.Close() })
	go tty.read()
	return tty
}

func ioctl(t *testing.T, file *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatalf("ioctl %#x: %v", request, errno)
	}
}

// setTostop makes the kernel stop background processes that write (man 3 termios).
func (tty *terminal) setTostop(t *testing.T) {
	t.Helper()
	var settings syscall.Termios
	ioctl(t, tty.slave, syscall.TCGETS, unsafe.Pointer(&settings))
	settings.Lflag |= syscall.TOSTOP
	ioctl(t, tty.slave, syscall.TCSETS, unsafe.Pointer(&settings))
}

func (tty *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := tty.master.Read(buf)
		tty.mu.Lock()
		tty.seen.Write(buf[:n])
		tty.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (tty *terminal) has(text string) bool {
	tty.mu.Lock()
	defer tty.mu.Unlock()
	return strings.Contains(tty.seen.String(), text)
}

func (tty *terminal) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := tty.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// TestControlCStopsAFleetGracefully has workers that note every signal. They are in groups of their own, so the
// terminal's SIGINT reaches PID 1 alone, and they get one SIGTERM.
func TestControlCStopsAFleetGracefully(t *testing.T) {
	tty, dir := newTerminal(t), t.TempDir()
	const noting = `
for s in INT QUIT HUP; do trap "echo $s >>$0/{index}" $s; done
trap "echo TERM >>$0/{index}; exit 0" TERM
while :; do sleep 0.05; done`
	s := start(t, rig.Setup{
		Terminal: tty.slave, Args: []string{"sh", "-c", noting, dir},
		Env: map[string]string{"PERCORE_READY": "none", "PERCORE_WORKERS": "2", "PERCORE_LOG_FORMAT": "auto"},
	})
	s.Await("the workers to be ready", func() bool { return tty.has("sh-"+s.port(2)) && tty.has("worker ready") })
	s.Await("the shells to set their traps", func() bool { return s.catching("sh", syscall.SIGTERM) == 2 })
	tty.press(t, "\x03")
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	for _, index := range []string{"0", "1"} {
		got, _ := os.ReadFile(filepath.Join(dir, index))
		if string(got) != "TERM\n" {
			t.Errorf("signals of worker %s: got %q, want one TERM", index, got)
		}
	}
	if tty.has(`{"time"`) {
		t.Error("the log on a Terminal: got JSON, want text")
	}
}

// port is the public port + i.
func (s *service) port(i int) string { return strconv.Itoa(s.Port() + i) }

// TestTheSecondControlCStopsAtOnce has a worker that ignores everything.
func TestTheSecondControlCStopsAtOnce(t *testing.T) {
	tty := newTerminal(t)
	s := start(t, rig.Setup{
		Terminal: tty.slave, Args: []string{"sh", "-c", `trap "" INT TERM; while :; do sleep 0.05; done`},
		Env: map[string]string{"PERCORE_READY": "none"},
	})
	s.Await("the worker to be ready", func() bool { return tty.has("sh-"+s.port(1)) && tty.has("worker ready") })
	tty.press(t, "\x03")
	s.Await("the stop to begin", func() bool { return tty.has(`"stopping"`) })
	began := time.Now()
	tty.press(t, "\x03")
	if code, took := s.Wait(), time.Since(began); code != 0 || took > soon {
		t.Errorf("got code %d after %v, want 0 at once", code, took)
	}
}

// TestTostopStopsNobody has a terminal that stops background writers. The front door is always one: its process group
// is not the terminal's.
func TestTostopStopsNobody(t *testing.T) {
	tty := newTerminal(t)
	tty.setTostop(t)
	s := start(t, rig.Setup{Terminal: tty.slave, Env: map[string]string{"PERCORE_ACCESS_LOG": "combined"}})
	s.AwaitAnswer()
	s.Await("the front door's line", func() bool { return tty.has(`"GET / HTTP/1.1" 200`) })
	s.expectRest()
	s.expectStop()
}

// TestInTheBackgroundOfATerminalWithTostop has all of percore in a background job, as after "percore demo &". The
// worker's words are copied by PID 1, so they have to arrive, too.
func TestInTheBackgroundOfATerminalWithTostop(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIPPED: job control:", err)
	}
	tty := newTerminal(t)
	tty.setTostop(t)
	s := start(t, rig.Setup{
		Terminal: tty.slave, Wrapper: []string{"bash", "-c", `set -m; "$@" & wait $!`, "bash"},
		Args: []string{"sh", "-c", "echo the worker speaks; exec sleep 60"}, Env: map[string]string{"PERCORE_READY": "none"},
	})
	s.Await("the worker's words", func() bool { return tty.has("the worker speaks") })
	s.Await("percore's words", func() bool { return tty.has(`"worker ready"`) })
	s.expectRest()
	s.expectStop()
}

// TestNothingButPID1HasTheTerminal looks at the controlling terminal and at the session.
func TestNothingButPID1HasTheTerminal(t *testing.T) {
	tty := newTerminal(t)
	s := start(t, rig.Setup{Terminal: tty.slave})
	s.AwaitAnswer()
	seen := 0
	for _, p := range proc.ReadAll(proc.Family(s.PID)) {
		if p.PID == s.PID {
			if p.Stat.Terminal == 0 {
				t.Error("PID 1: got no controlling terminal, want it to have the one it was started on")
			}
			continue
		}
		seen++
		if p.Stat.Terminal != 0 || p.Stat.Session != p.PID {
			t.Errorf("process %v: got session %d with terminal %d, want one of its own without any", p, p.Stat.Session, p.Stat.Terminal)
		}
	}
	if seen < 2 {
		t.Errorf("processes besides PID 1: got %d, want a worker and the front door", seen)
	}
	s.expectStop()
}
