package command_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/bench/command"
)

// roleVariable makes the test binary a bench.
const roleVariable = "COMMAND_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		os.Exit(command.Main("tried", parse, run))
	}
	os.Exit(m.Run())
}

// parse takes what the bench is to do.
func parse(args []string, out io.Writer) (what string, err error) {
	fs := flag.NewFlagSet("tried", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&what, "do", "succeed", "succeed, fail or wait")
	return what, fs.Parse(args)
}

func run(ctx context.Context, what string, out, notes io.Writer) error {
	fmt.Fprintln(out, "a page")
	fmt.Fprintln(notes, "a note")
	switch what {
	case "fail":
		return errors.New("no figure")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// bench prepares a run of the test binary as a bench.
func bench(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), roleVariable+"=bench")
	return cmd
}

func TestABenchExitsWithWhatCameOfIt(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		code int
		says string // on stderr
	}{
		{"a run that succeeds", nil, 0, "a note\n"},
		{"one that fails", []string{"-do", "fail"}, 1, "tried: no figure\n"},
		{"a flag that there is not", []string{"-no"}, 2, "tried: flag provided but not defined: -no\n"},
		{"a call for help", []string{"-h"}, 0, "succeed, fail or wait"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := bench(test.args...)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			var exit *exec.ExitError
			if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != test.code || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("got code %d and %q, want %d and %q", got, stderr.String(), test.code, test.says)
			}
		})
	}
}

func TestASignalEndsABench(t *testing.T) {
	cmd := bench("-do", "wait")
	notes, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(notes)
	if line, err := lines.ReadString('\n'); err != nil || line != "a note\n" { // it catches the signal
		t.Errorf("got %q and %v, want its note", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait() // the code tells
	if got := cmd.ProcessState.ExitCode(); got != 1 || string(rest) != "tried: context canceled\n" {
		t.Errorf("got code %d and %q, want 1 and the reason", got, rest)
	}
}

func TestAPageGoesToItsFileOrToTheOutput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	var out strings.Builder
	for _, to := range []string{file, ""} {
		if err := command.WritePage(to, &out, "# Page\n"); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil || string(written) != "# Page\n" || out.String() != "# Page\n" {
		t.Errorf("got %q and %v in the file and %q on the output, want the page in each", written, err, out.String())
	}
	if err := command.WritePage("/no/such/place/page.md", &out, ""); err == nil {
		t.Error("a file in no place: got no error")
	}
}
