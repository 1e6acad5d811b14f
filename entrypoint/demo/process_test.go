package demo_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/demo"
)

// asWorker in the environment makes the test binary a demo worker on descriptor 3.
const asWorker = "DEMO_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err == nil {
		err = demo.ServeOn(ctx, listener.(*net.TCPListener), demo.Options{Name: "child", Log: os.Stdout, Exit: os.Exit})
	}
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// spawn runs a worker as a process of its own; its listener stays open here too, as PID 1 would have it.
func spawn(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	file, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asWorker+"=1")
	command.ExtraFiles = []*os.File{file}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command, listener.Addr().String()
}

// exchange sends raw and returns all that comes back, and why it ended.
func exchange(t *testing.T, address, raw string) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	return string(got), err
}

func TestCrashHasItsExitCode(t *testing.T) {
	command, address := spawn(t)
	got, err := exchange(t, address, "GET /crash HTTP/1.1\r\nHost: a\r\n\r\n")
	if got != "" || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %q, %v; want no answer but the end of the connection", got, err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != demo.CrashCode {
		t.Errorf("got %v, want exit status %d", err, demo.CrashCode)
	}
}

func TestTermSignalEndsTheProcessAfterItsAnswer(t *testing.T) {
	command, address := spawn(t)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n")
	first := make([]byte, len("HTTP/1.1 200 OK"))
	if _, err := io.ReadFull(conn, first); err != nil { // the second request is there too
		t.Fatal(err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(rest), "/slow?ms=300") {
		t.Errorf("got %q, %v; want the second answer too", rest, err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("got %v, want exit status 0", err)
	}
}
