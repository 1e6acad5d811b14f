package fleet

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/internal/trial"
	"percore/reaper"
	"percore/reaper/probe"
)

// onSockets is tornado with a unix socket for each worker.
func onSockets(n int) Program {
	p := tornado(n)
	p.Command, p.Sockets = []string{"python3", "main.py", "--bind=unix:{socket}"}, true
	return p
}

// socketOf is what a fake process was given.
func (p *fakeProcess) socketOf(t *testing.T) string {
	t.Helper()
	path := strings.TrimPrefix(p.spec.Args[2], "--bind=unix:")
	if !slices.Contains(p.spec.Env, "PERCORE_SOCKET="+path) {
		t.Errorf("got %v, want PERCORE_SOCKET=%s in it", p.spec.Env, path)
	}
	return path
}

func TestEachWorkerGetsASocketOfItsOwn(t *testing.T) {
	place := trial.SocketDir(t)
	inBubble(t, Options{Programs: []Program{onSockets(2)}, SocketPlaces: []string{"/nonexistent", place}}, func(r *rig) {
		r.run()
		first, second := r.process("tornado-8000").socketOf(t), r.process("tornado-8001").socketOf(t)
		if first == second || !strings.HasPrefix(first, place+"/") || filepath.Base(first) != "tornado-8000.sock" {
			t.Errorf("got %s and %s, want one of its own for each below %s", first, second, place)
		}
		trial.LeaveSocket(t, first)
		trial.LeaveSocket(t, second)
		r.pass(time.Second)
		r.expectStates("RUNNING", "RUNNING")
		if env := r.process("tornado-8001").spec.Env; !slices.Contains(env, "PORT=8001") {
			t.Errorf("got %v, want the port too: it is in the worker's name", env)
		}
		r.locked(func() {
			for i, want := range []string{first, second} {
				if got := r.published[len(r.published)-1][i].Address; got != "unix:"+want {
					t.Errorf("endpoint %d: got %s, want unix:%s", i, got, want)
				}
			}
		})
		r.finish()
		if left, _ := os.ReadDir(place); len(left) > 0 {
			t.Errorf("got %v after the end, want nothing left", left)
		}
	})
}

func TestAStaleSocketIsGoneWhenTheNextIncarnationStarts(t *testing.T) {
	inBubble(t, Options{Programs: []Program{onSockets(1)}, SocketPlaces: []string{trial.SocketDir(t)}}, func(r *rig) {
		r.run()
		path := r.process("tornado-8000").socketOf(t)
		trial.LeaveSocket(t, path)
		r.pass(2 * time.Second)
		r.expectStates("RUNNING")
		r.dieAgain("tornado-8000", reaper.Exit{Signal: syscall.SIGKILL})
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("got %v, want the socket removed before the start", err)
		}
		if again := r.process("tornado-8000").socketOf(t); again != path {
			t.Errorf("got %s, want the same path %s for life", again, path)
		}
		r.finish()
	})
}

func TestAPathThatIsTooLongIsToldBeforeTheStart(t *testing.T) {
	p := onSockets(1)
	p.Name = strings.Repeat("n", 100)
	f := New(Options{Programs: []Program{p}, SocketPlaces: []string{trial.SocketDir(t)}})
	defer f.roster.sockets.Close()
	err := f.OpenSockets()
	if err == nil || !strings.Contains(err.Error(), "107") || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("got %v, want the limit and what to do", err)
	}
}

func TestNoPlaceForSocketsIsToldBeforeTheStart(t *testing.T) {
	f := New(Options{Programs: []Program{onSockets(1)}, SocketPlaces: []string{"/nonexistent"}})
	if err := f.OpenSockets(); err == nil || !strings.Contains(err.Error(), "--tmpfs /run") {
		t.Errorf("got %v, want what to do", err)
	}
}

func TestAWorkersFolderIsForItsGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: other users' folders take root")
	}
	p := onSockets(1)
	p.Credential = &reaper.Credential{UID: 1000, GID: 1001}
	f := New(Options{Programs: []Program{p}, SocketPlaces: []string{trial.SocketDir(t)}})
	defer f.roster.sockets.Close()
	if err := f.supervisor.clearSocket(f.roster.workers[0]); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(f.roster.workers[0].socket))
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if stat.Uid != 0 || stat.Gid != 1001 || info.Mode() != os.ModeDir|os.ModeSticky|0o731 {
		t.Errorf("got %d:%d %v, want 0:1001 and dtrwx-wx--x", stat.Uid, stat.Gid, info.Mode())
	}
}

func TestAWorkerThatSaysItIsReadyHasItsSocketOpened(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: without root sockets stay as they are")
	}
	p := onSockets(1)
	p.Ready = probe.Check{Kind: probe.Notify}
	f := New(Options{Programs: []Program{p}, SocketPlaces: []string{trial.SocketDir(t)}})
	defer f.roster.sockets.Close()
	w := f.roster.workers[0]
	if err := f.supervisor.clearSocket(w); err != nil {
		t.Fatal(err)
	}
	trial.LeaveSocket(t, w.socket)
	if err := os.Chmod(w.socket, 0o600); err != nil {
		t.Fatal(err)
	}
	f.supervisor.expose(w)
	if info, err := os.Stat(w.socket); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("got %v %v, want it open to all", info, err)
	}
}
