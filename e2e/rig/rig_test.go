package rig_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/rig"
)

var kit = rig.Kit{Name: "rig", NeedsPID1: true, Prepare: func(k *rig.Kit) error {
	return os.WriteFile(filepath.Join(k.Dir, "prepared"), []byte(k.Percore), 0o600)
}}

// greeter is the first argument that makes a copy of this test binary say hello.
const greeter = "greeter"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == greeter {
		_, _ = os.Stdout.WriteString("hello from the copy\n")
		os.Exit(0)
	}
	os.Exit(kit.Main(m))
}

func TestAKitHasWhatItsTestsNeed(t *testing.T) {
	if text, err := os.ReadFile(filepath.Join(kit.Dir, "prepared")); err != nil || string(text) != kit.Percore {
		t.Errorf("prepared: got %q and %v, want it to know the binary", text, err)
	}
	if out, err := exec.Command(kit.Percore, "version").Output(); err != nil || len(out) == 0 {
		t.Errorf("percore version: got %v and %q", err, out)
	}
	copied, err := kit.CopyOwnBinary("copy")
	if err != nil {
		t.Fatal(err)
	}
	if text, code := rig.Output(t, exec.Command(copied, greeter)); code != 0 || text != "hello from the copy\n" {
		t.Errorf("copy: got %q and code %d", text, code)
	}
}

func TestCSourcesAreCompiledOrTheirFaultIsTold(t *testing.T) {
	rig.Need(t, "a C program", "gcc", "--version")
	source := filepath.Join(t.TempDir(), "seven.c")
	if err := os.WriteFile(source, []byte("int main(void) { return 7; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := kit.CompileC("seven", source)
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	if _, code := rig.Output(t, exec.Command(program)); code != 7 {
		t.Errorf("code: got %d, want 7", code)
	}
	if _, err := kit.CompileC("nothing", "/no/such/source.c"); err == nil || !strings.Contains(err.Error(), "compile nothing") {
		t.Errorf("got %v, want what could not be compiled", err)
	}
}

func TestEventuallyLooksUntilNothingIsMissing(t *testing.T) {
	looks := 0
	rig.Eventually(t, rig.Patience, func() error {
		if looks++; looks < 3 {
			return errors.New("two more looks")
		}
		return nil
	})
	if looks != 3 {
		t.Errorf("got %d looks, want 3", looks)
	}
}

func TestAPlainProcessIsReadAndStopped(t *testing.T) {
	p := rig.Start(t, exec.Command("sh", "-c", `trap 'echo ends; exit 5' TERM; echo begins; echo aside >&2; while :; do sleep 0.01; done`))
	p.AwaitText("begins", 1)
	p.AwaitText("aside", 1)
	if p.IsOver() {
		t.Error("got it over")
	}
	if code := p.Stop(); code != 5 || !p.IsOver() || p.Code() != 5 {
		t.Errorf("exit code: got %d and then %d, want 5", code, p.Code())
	}
	p.AwaitText("ends", 1)
	p.Signal(syscall.SIGTERM) // late is no fault
}

func TestAServiceIsFollowedFromItsStartToItsEnd(t *testing.T) {
	for name, setup := range map[string]rig.Setup{
		"as PID 1":                {},
		"with a log in a file":    {LogFile: true},
		"as the child of an init": {Wrapper: []string{"sh", "-c", `"$@" & wait $!`, "sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			setup.Args = []string{"demo"}
			setup.Env = map[string]string{"PERCORE_WORKERS": "2", "PERCORE_CONTROL": filepath.Join(t.TempDir(), "control")}
			s := kit.Start(t, setup)
			s.AwaitReady(2)
			s.AwaitAnswer()
			if body := s.Body("/json"); !strings.Contains(body, `"worker"`) {
				t.Errorf("body: got %q", body)
			}
			if text := s.Succeed("status"); strings.Count(text, "RUNNING") != 2 {
				t.Errorf("status: got\n%s\nwant two workers that run", text)
			}
			front, first, second := s.Front(), s.Worker(0), s.Worker(1)
			if front.Inside == first.Inside || first.PID == second.PID || first.Status["Name"] == "" {
				t.Errorf("got %v, %v and %v, want three processes", front, first, second)
			}
			if _, there := s.Find(1); !there || len(s.Processes()) < 4 {
				t.Errorf("got %v, want PID 1, the front door and two workers", s.Processes())
			}
			s.Kill(first)
			s.Await("its successor", func() bool { return s.Worker(0).PID != first.PID })
			conn := s.Connect()
			if conn.Close(); conn.RemoteAddr().String() != s.Address {
				t.Errorf("connected to %v, want %s", conn.RemoteAddr(), s.Address)
			}
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
			if ends := s.Lines("worker ended"); len(ends) != len(s.WorkerLines("worker ended"))+1 {
				t.Errorf("got ends %v, want one of the front door among them", ends)
			}
		})
	}
}

func TestAServiceThatEndsAtOnceHasItsCodeAndItsWords(t *testing.T) {
	s := kit.Start(t, rig.Setup{Env: map[string]string{"PERCORE_WORKRES": "2"}, Args: []string{"demo"}})
	if code := s.Wait(); code != 2 || !s.Said("PERCORE_WORKRES", "PERCORE_WORKERS") {
		t.Errorf("got code %d and\n%s\nwant 2 and both names", code, s.Text())
	}
}

func TestStreamsOfOnesOwnTakeTheJournalsPlace(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "own"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := kit.Start(t, rig.Setup{Stdout: file, Args: []string{"version"}})
	if code := s.Wait(); code != 0 {
		t.Errorf("code: got %d, want 0", code)
	}
	if text, _ := os.ReadFile(file.Name()); len(text) == 0 || len(s.All(func(l rig.Line) bool { return l.Stdout })) > 0 {
		t.Errorf("got %q in the file and %q in the journal, want all in the file", text, s.Text())
	}
}

func TestAnAttachedServiceIsNotEnded(t *testing.T) {
	s := rig.Attach(t, os.Getpid(), "127.0.0.1:1")
	if s.IsOver() || s.Answers() {
		t.Errorf("got over %t and an answer %t, want neither", s.IsOver(), s.Answers())
	}
}

// TestTheRigKnowsPercoreAsAUserDoes: neither it nor what it stands on imports the product.
func TestTheRigKnowsPercoreAsAUserDoes(t *testing.T) {
	deps, code := rig.Output(t, exec.Command("go", "list", "-deps", "percore/e2e/rig", "percore/e2e/siege", "percore/e2e/flood"))
	if code != 0 || !strings.Contains(deps, "percore/e2e/proc\n") {
		t.Fatalf("go list: got code %d and\n%s", code, deps)
	}
	for path := range strings.FieldsSeq(deps) {
		if strings.HasPrefix(path, "percore/") && !strings.HasPrefix(path, "percore/e2e/") {
			t.Errorf("got %s imported, want nothing of the product", path)
		}
	}
}
