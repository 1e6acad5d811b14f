package control_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/control"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 20 * time.Second

// TestMain is also the client, or the server, that another user runs: it prints what it is told.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "server" {
		l, err := net.Listen("unix", os.Args[2])
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Print(line)
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "client" {
		c, err := control.Dial(control.Place(os.Args[2]), os.DirFS("/proc"))
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
		_, err = c.Call(context.Background(), control.Request{Verb: control.VerbPID}, func(control.Frame) error { return nil })
		fmt.Print(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// asNobody runs the test's binary as a client of another user and returns what it printed.
func asNobody(t *testing.T, place control.Place) string {
	t.Helper()
	out, _ := commandOfNobody(t, "client", string(place)).CombinedOutput()
	return string(out)
}

func commandOfNobody(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	binary := filepath.Join(openFolder(t), "client")
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, text, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return c
}

// openFolder is a folder that every user may enter; t.TempDir's parent is not.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "percore-control-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serve runs a server at the place until the test is over, and asserts that it ends.
func serve(t *testing.T, place control.Place, handle control.Handler) *control.Listener {
	t.Helper()
	return serveAndLog(t, place, handle, slog.New(slog.DiscardHandler))
}

// serveWith is serve with a server that is changed before it runs.
func serveWith(t *testing.T, place control.Place, handle control.Handler, change func(*control.Server)) {
	t.Helper()
	serveAndLog(t, place, handle, slog.New(slog.DiscardHandler), change)
}

func serveAndLog(t *testing.T, place control.Place, handle control.Handler, log *slog.Logger, changes ...func(*control.Server)) *control.Listener {
	t.Helper()
	listener, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(listener, handle, log)
	for _, change := range changes {
		change(server)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	t.Cleanup(func() {
		server.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: got error %v, want none", err)
			}
		case <-time.After(patience):
			t.Error("Run outlives Close")
		}
	})
	return listener
}

// echo answers with the request's names and the code of their number.
func echo(_ context.Context, r control.Request, reply func(control.Frame) error) (int, error) {
	for _, name := range r.Names {
		if err := reply(control.Frame{Text: name}); err != nil {
			return control.CodeGeneric, err
		}
	}
	return len(r.Names), nil
}

// call makes a request of its own connection and returns the texts of the answer.
func call(t *testing.T, place control.Place, r control.Request) (texts []string, code int, err error) {
	t.Helper()
	c, err := control.Dial(place, os.DirFS("/proc"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	code, err = c.Call(t.Context(), r, func(f control.Frame) error {
		texts = append(texts, f.Text)
		return nil
	})
	return texts, code, err
}

// wellServed asserts that a command gets its answer now.
func wellServed(t *testing.T, place control.Place) {
	t.Helper()
	texts, code, err := call(t, place, control.Request{Verb: control.VerbStatus, Names: []string{"a", "b"}})
	if len(texts) != 2 || code != 2 || err != nil {
		t.Errorf("a command: got %q, code %d and error %v, want [a b], 2 and none", texts, code, err)
	}
}

func socketIn(t *testing.T) control.Place { return control.Place(filepath.Join(t.TempDir(), "s")) }
