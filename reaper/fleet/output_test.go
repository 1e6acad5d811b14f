package fleet

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

func TestTheFilesHookSeesEverySpawn(t *testing.T) {
	p := tornado(1)
	extra, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	var calls []string
	p.Files = func(incarnation uint64) ([]*os.File, func(error), error) {
		if incarnation == 1 {
			return nil, nil, errors.New("no sockets")
		}
		return []*os.File{extra}, func(err error) { calls = append(calls, fmt.Sprintf("%d: %v", incarnation, err)) }, nil
	}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.kernel.refuse = func(n int) error {
			if n == 1 {
				return &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}
			}
			return nil
		}
		r.run()
		r.expectLog(1, `reason="open descriptors: no sockets"`)
		r.pass(250 * time.Millisecond)
		r.pass(500 * time.Millisecond)
		r.expectStates("RUNNING")
		want := []string{"2: exec x: resource temporarily unavailable", "3: <nil>"}
		if !slices.Equal(calls, want) {
			t.Errorf("started: got %q, want %q", calls, want)
		}
		if files := r.process("tornado-8000").spec.Files; len(files) != 4 || files[3] != extra {
			t.Errorf("descriptors: got %d, want the extra one as number 3", len(files))
		}
		if got := r.process("tornado-8000").spec.Pdeathsig; got != syscall.SIGKILL {
			t.Errorf("parent-death signal: got %v, want SIGKILL", got)
		}
		r.finish()
	})
}
