package initsuite

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// PERCORE_MODE=init is for images whose ENTRYPOINT is percore alone.
func TestTheModeCanBeSetByTheEnvironment(t *testing.T) {
	r := &trial{T: t, init: newCandidate([]string{kit.Percore, "--"}), bin: kit.Dir}
	mode := []string{"PERCORE_MODE=init"}

	if got := r.code(launch{command: r.probe("exit", 42), environ: mode}); got != 42 {
		t.Errorf("exit code: got %d, want 42", got)
	}
	run := r.start(launch{command: r.probe("record"), environ: mode})
	run.ready()
	run.signal(syscall.SIGWINCH)
	if !run.sees(syscall.SIGWINCH, soon(time.Second)) {
		t.Error("WINCH reaches the child: got false, want true")
	}
	if got := r.report(launch{environ: mode})["env"]; !slices.Contains(got, "PERCORE_MODE=init") || len(got) != 2 {
		t.Errorf("environment: got %q, want the same as percore's", got)
	}
}

// What the entry does not recognize, white space, capitals or a file's content, is found out by Go code, when the runtime has masks of its own
// in some threads.
func TestTheMaskIsEmptyHoweverTheModeIsSpelt(t *testing.T) {
	r := &trial{T: t, init: newCandidate([]string{kit.Percore, "--"}), bin: kit.Dir}
	for i := range 30 {
		saw := r.report(launch{environ: []string{"PERCORE_MODE=INIT"}})
		if got, want := saw.one("SigBlk"), "0000000000000000"; got != want {
			t.Fatalf("start %d: blocked signals: got %s, want %s", i, got, want)
		}
	}
}
