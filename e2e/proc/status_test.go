package proc

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestAStatusHasTheFieldsOfThisProcess(t *testing.T) {
	me := Status(os.Getpid())
	if me["State"] == "" || me.Number("PPid") != os.Getppid() || me.Number("Threads") < 2 {
		t.Errorf("got %v, want a state, the parent and several threads", me)
	}
	if !me.Has("SigCgt", syscall.SIGTERM) || me.Has("SigIgn", syscall.SIGTERM) {
		t.Errorf("SIGTERM: got caught %s and ignored %s, want a Go program to catch it", me["SigCgt"], me["SigIgn"])
	}
	if got := Status(noProcess); len(got) > 0 || got.Number("Threads") != 0 || got.word("Uid", 1) != "" {
		t.Errorf("status of no process: got %v, want nothing", got)
	}
}

func TestMemoryIsCountedInKiB(t *testing.T) {
	resident := Resident(os.Getpid())
	rss, pss := Memory([]int{os.Getpid(), noProcess})
	if resident < 1000 || rss < 1000 || pss < 1000 || pss > rss {
		t.Errorf("got %d, %d and %d KiB, want what a Go program takes, and no more PSS than RSS", resident, rss, pss)
	}
}

func TestSwitchesGrowWithEachSleep(t *testing.T) {
	before := Switches(os.Getpid())
	await(t, "more context switches", func() bool {
		time.Sleep(time.Millisecond)
		return Switches(os.Getpid()) > before
	})
	if got := Switches(noProcess); got != 0 || before == 0 {
		t.Errorf("got %d of no process and %d of this one, want none and some", got, before)
	}
}
