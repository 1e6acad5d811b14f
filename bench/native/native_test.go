package native

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryProgramIsCompiled(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("SKIPPED: gcc is not installed: apt-get install gcc libc6-dev")
	}
	programs, err := Compile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{ // what each says without arguments
		programs.Relay: "usage: relay", programs.Worker: "usage: worker", programs.Sleeper: "usage: sleeper", programs.Load: "connect: ", programs.Bodies: "connect: ",
	} {
		if out, err := exec.Command(path).CombinedOutput(); err == nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: got %v and %q, want %q", path, err, out, want)
		}
	}
	if err := compile("/no/such/place/relay"); err == nil {
		t.Error("a folder that is not there: got no error")
	}
	if err := compile(filepath.Join(t.TempDir(), "other")); err == nil || !strings.Contains(err.Error(), "read source other.c") {
		t.Errorf("got %v, want the source that there is not", err)
	}
}
