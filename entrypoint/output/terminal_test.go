package output_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config/value"
	"percore/entrypoint/output"
)

// terminal is a new one (man 7 pty): what is written to it comes out of screen.
func terminal(t *testing.T) (file, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("SKIPPED: no terminals:", err)
	}
	t.Cleanup(func() { screen.Close() })
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip("SKIPPED: no terminals:", err)
	}
	file, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("SKIPPED: no terminals:", err)
	}
	t.Cleanup(func() { file.Close() })
	return file, screen
}

func TestTheStyleFollowsWhoReads(t *testing.T) {
	tty, _ := terminal(t)
	onTerminal := output.NewFile(tty)
	queue := output.NewQueue(onTerminal)
	defer queue.Close(time.Second)
	var file bytes.Buffer
	for _, c := range []struct {
		format value.LogFormat
		w      io.Writer
		colour bool
		want   output.Style
	}{
		{value.LogAuto, &file, true, output.StyleJSON},
		{value.LogText, &file, true, output.StyleText},
		{value.LogJSON, &file, true, output.StyleJSON},
		{value.LogAuto, onTerminal, true, output.StyleColour},
		{value.LogAuto, onTerminal, false, output.StyleTerminal},
		{value.LogText, onTerminal, true, output.StyleColour},
		{value.LogText, onTerminal, false, output.StyleTerminal},
		{value.LogJSON, onTerminal, true, output.StyleJSON},
		{value.LogAuto, queue, false, output.StyleTerminal}, // whatever is in between
	} {
		if got := output.StyleFor(c.format, c.w, c.colour); got != c.want {
			t.Errorf("%s into %T, colour %t: got %s, want %s", c.format, c.w, c.colour, got, c.want)
		}
	}
}

func TestATerminalGetsEveryByte(t *testing.T) {
	tty, screen := terminal(t)
	file := output.NewFile(tty)
	if !file.Terminal() {
		t.Fatal("got it taken for a file")
	}
	lines := bufio.NewReader(screen)
	for _, write := range []func([]byte) (int, error){file.Write, file.TryWrite} {
		if n, err := write([]byte("hello\n")); n != 6 || err != nil {
			t.Fatalf("got %d bytes and %v", n, err)
		}
		if line, err := lines.ReadString('\n'); line != "hello\r\n" || err != nil {
			t.Errorf("got %q and %v on the screen", line, err)
		}
	}
}

// What TryWrite does to a pipe that nothing reads must not end the process: os.File would raise SIGPIPE.
func TestTryWriteSaysWhatTheKernelSays(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	file := output.NewFile(writer)
	if n, err := file.TryWrite([]byte("x")); n != 1 || err != nil {
		t.Errorf("got %d bytes and %v", n, err)
	}
	reader.Close()
	if n, err := file.TryWrite([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("without a reader: got %d bytes and %v, want EPIPE", n, err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	defer full.Close()
	if n, err := output.NewFile(full).TryWrite([]byte("x")); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk: got %d bytes and %v, want ENOSPC", n, err)
	}
}

func TestALogIsOfItsLevelInEveryStyle(t *testing.T) {
	for _, style := range []output.Style{output.StyleJSON, output.StyleText, output.StyleTerminal, output.StyleColour} {
		for level, want := range map[slog.Level]int{slog.LevelDebug: 4, slog.LevelInfo: 3, slog.LevelWarn: 2, slog.LevelError: 1} {
			var out bytes.Buffer
			log := output.NewLog(&out, level, style)
			log.Debug("m")
			log.Info("m")
			log.Warn("m", "d", 1500*time.Millisecond)
			log.Error("m", "d", 1500*time.Millisecond)
			if got := strings.Count(out.String(), "\n"); got != want {
				t.Errorf("%s from %v: got %d lines, want %d", style, level, got, want)
			}
			if text := out.String(); !strings.Contains(text, "1.5s") || strings.Contains(text, "1500000000") {
				t.Errorf("%s: got %s, want durations in words", style, text)
			}
		}
	}
}
