package single

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// withoutProc makes the init PID 1 of a namespace whose /proc was not mounted: the one that is there has other
// numbers.
func (r *running) withoutProc() *running {
	r.t.Helper()
	if os.Getuid() != 0 {
		r.t.Skip("SKIPPED: only root makes a pid namespace")
	}
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	r.cmd.Path, r.cmd.Args[0], r.cmd.Err = exe, exe, nil
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	return r
}

func TestTheWholeTreeIsReachedWithoutProc(t *testing.T) {
	r := begin(t, wish{Tree: true}, `trap "" INT; kill -INT 1; setsid sh -c 'echo ready; exec sleep 60' & read x; exit 3`).withoutProc()
	keys, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	r.start().line()
	r.signal(syscall.SIGTERM)
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want TERM's 143", code)
	}
}

func TestWithoutProcAndNotPID1TheGroupIsReached(t *testing.T) {
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("SKIPPED: no unshare here")
	}
	r := begin(t, wish{Tree: true}, "echo ready; exec sleep 60").withoutProc()
	// PID 1 is a shell, the init is below it.
	r.cmd.Args = append([]string{"sh", "-c", `"$0" "$@" & trap 'kill -TERM $!' TERM; wait $!; wait $!`}, r.cmd.Args...)
	r.cmd.Path = "/bin/sh"
	r.start().line()
	r.signal(syscall.SIGTERM)
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want TERM's 143", code)
	}
}

func TestOthersAreWaitedForWithoutProc(t *testing.T) {
	r := begin(t, wish{WaitAll: true, StopTimeout: 10 * time.Second}, `
		sh -c 'trap "echo finished; exit" TERM; echo ready; while :; do sleep 0.01; done' & read x; exit 4`).withoutProc()
	keys, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if got := r.start().line(); got != "ready" {
		t.Errorf("got %q, want ready", got)
	}
	keys.Close()
	if out, code := r.end(); out != "finished" || code != 4 {
		t.Errorf("got %q and code %d, want it to finish, and 4", out, code)
	}
}

// The shim is executed by its name in /proc.
func TestWithoutProcTheChildStartsWithoutTheShim(t *testing.T) {
	if _, err := exec.LookPath("mount"); err != nil {
		t.Skip("SKIPPED: no mount here")
	}
	r := begin(t, wish{Ignored: bit(syscall.SIGCHLD)}, "exit 5").withoutProc()
	r.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNS
	r.cmd.Args = append([]string{"sh", "-c", `mount -t tmpfs none /proc && exec "$0" "$@"`}, r.cmd.Args...)
	r.cmd.Path = "/bin/sh"
	_, code := r.start().end()
	if want := "SIGCHLD"; code != 5 || !strings.Contains(r.stderr.String(), want) {
		t.Errorf("got code %d, said %q; want 5 and a word of %s", code, r.stderr.String(), want)
	}
}
