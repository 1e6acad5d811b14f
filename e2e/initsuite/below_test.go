package initsuite

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/proc"
)

var belowScenarios = []scenario{
	{part: "Not PID 1", name: "it adopts orphans by itself", run: adopts},
	{part: "Not PID 1", name: "it says nothing about it", run: saysNothing},
	{part: "Not PID 1", name: "codes are the same", run: codesBelow},
	{part: "Not PID 1", name: "signals are the same", run: signalsBelow},
	{part: "Not PID 1", name: "under a seccomp filter that knows no newer call (clone3, pidfd, close_range, prctl) it works the same", run: filtered},
	{part: "Not PID 1", name: "under that filter, too, signals on request reach sessions below it", needs: []feature{killTree}, run: filteredTree},
	{part: "Not PID 1", name: "the child can be tied to the init's life", needs: []feature{parentDeath}, run: tied},
	{part: "Not PID 1", name: "the tie does not kill the child of a living init", needs: []feature{parentDeath}, run: tieHolds},
}

func adopts(r *trial) verdict {
	run := r.start(launch{command: r.probe("adopter"), below: true})
	var adopter, parent, zombies int
	text, _ := run.line("adopted by ", patience)
	if _, err := fmt.Sscanf(text, "%d, parent %d, zombies %d", &adopter, &parent, &zombies); err != nil {
		r.Fatal(err)
	}
	return judge(adopter == parent && adopter != 1 && zombies == 0, "adopted by PID %d, %d zombies", adopter, zombies)
}

func saysNothing(r *trial) verdict {
	run := r.start(launch{command: r.probe("exit", 0), below: true})
	run.wait(patience)
	// The nurse keeps stderr open, so there is no end of it to wait for.
	within(100*time.Millisecond, func() bool { return run.stderr.String() != "" })
	said := strings.TrimSpace(run.stderr.String())
	return judge(said == "", "%q", said)
}

func codesBelow(r *trial) verdict {
	for want, command := range map[int][]string{0: r.probe("exit"), 7: r.probe("exit", 7), 137: r.probe("die", 9)} {
		if got := r.code(launch{command: command, below: true}); got != want {
			return broken("%d, not %d", got, want)
		}
	}
	return kept()
}

func signalsBelow(r *trial) verdict {
	run := r.start(launch{command: r.probe("record"), below: true})
	run.ready()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGWINCH, syscall.SIGQUIT} {
		run.signal(sig)
		if !run.sees(sig, soon(time.Second)) {
			return broken("%v was lost", sig)
		}
	}
	return kept()
}

// oldFilter denies what an old or a strict seccomp profile does, each in the way it does.
func oldFilter() []string {
	var stage []string
	for _, number := range []int{unix.SYS_CLONE3, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_CLOSE_RANGE, unix.SYS_FACCESSAT2} {
		stage = append(stage, fmt.Sprintf("deny=%d,%d", number, unix.ENOSYS))
	}
	return append(stage, fmt.Sprintf("deny=%d,%d", unix.SYS_PRCTL, unix.EPERM), fmt.Sprintf("deny=%d,%d", unix.SYS_PRLIMIT64, unix.EPERM))
}

func filtered(r *trial) verdict {
	for want, command := range map[int][]string{7: r.probe("exit", 7), 137: r.probe("die", 9)} {
		for _, below := range []bool{false, true} {
			if got := r.code(launch{command: command, below: below, stage: oldFilter()}); got != want {
				return broken("%d, not %d", got, want)
			}
		}
	}
	return kept()
}

func filteredTree(r *trial) verdict {
	got := r.signalTreeOn(oldFilter(), killTree)
	return judge(len(got) == 4, "%v", got)
}

func tied(r *trial) verdict {
	run := r.start(launch{command: r.probe("idle"), below: true, with: []feature{parentDeath}})
	run.ready()
	child := run.child()
	run.signal(syscall.SIGKILL)
	return judge(within(soon(time.Second), func() bool { return proc.State(child) == "" || proc.State(child) == "Z" }), "it lives on")
}

// tieHolds keeps the init busy: the tie is to the thread that forked, and a runtime may end threads.
func tieHolds(r *trial) verdict {
	run := r.start(launch{command: r.probe("record", 2000, 800), below: true, with: []feature{parentDeath}})
	run.ready()
	if _, ok := run.line("storm over", patience); !ok {
		return broken("the child was killed")
	}
	run.signal(syscall.SIGTERM)
	return judge(run.sees(syscall.SIGTERM, soon(time.Second)), "the child was killed")
}
