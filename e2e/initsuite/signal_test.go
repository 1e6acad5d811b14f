package initsuite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var signalScenarios = []scenario{
	{part: "Signals", name: "ordinary signals reach the child", run: forwards(
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGTERM, syscall.SIGSTKFLT, syscall.SIGCONT, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGVTALRM,
		syscall.SIGPROF, syscall.SIGWINCH, syscall.SIGIO, syscall.SIGPWR)},
	{part: "Signals", name: "TSTP, TTIN and TTOU reach the child", run: forwards(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)},
	{part: "Signals", name: "faults sent by kill reach the child", run: forwards(
		syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS)},
	{part: "Signals", name: "URG sent by kill reaches the child", run: forwards(syscall.SIGURG)},
	{part: "Signals", name: "real-time signals 35 to 64 reach the child", run: forwards(realTime(35, 64)...)},
	{part: "Signals", name: "real-time signal 34 reaches the child", run: forwards(34)},
	{part: "Signals", name: "50 equal real-time signals all arrive", run: queues},
	{part: "Signals", name: "an init that was stopped forwards what came meanwhile", run: forwardsAfterStop},
	{part: "Signals", name: "by itself only the child is signalled", needs: []feature{single}, run: signalsChildOnly},
	{part: "Signals", name: "on request its whole group is signalled", needs: []feature{group}, run: signalsGroup},
	{part: "Signals", name: "on request sessions below it are signalled too", needs: []feature{killTree}, run: signalsTree},
	{part: "Signals", name: "signals can be rewritten and dropped", needs: []feature{rewrite}, run: rewrites},
	{part: "Signals", name: "no URG of its own reaches the child in a storm of orphans", run: leaksNothing, alone: true},
}

func realTime(first, last syscall.Signal) []syscall.Signal {
	var all []syscall.Signal
	for sig := first; sig <= last; sig++ {
		all = append(all, sig)
	}
	return all
}

// forwards sends each signal to an init of its own, because one that is not caught may end it.
func forwards(signals ...syscall.Signal) func(*trial) verdict {
	return func(r *trial) verdict {
		good := 0
		var lost []string
		for _, sig := range signals {
			if r.forwarded(sig) {
				good++
			} else {
				lost = append(lost, strconv.Itoa(int(sig)))
			}
		}
		return count(good, len(signals), "not "+strings.Join(lost, " "))
	}
}

func (r *trial) forwarded(sig syscall.Signal) bool {
	run := r.start(launch{command: r.probe("record")})
	defer run.end()
	run.ready()
	run.signal(sig)
	// A second signal, which every init forwards, comes after the first one if that comes at all.
	run.signal(syscall.SIGUSR1)
	fence := sig == syscall.SIGUSR1
	found := false
	for {
		got, ok := run.line("signal main ", soon(time.Second))
		if !ok {
			return found
		}
		found = found || got == strconv.Itoa(int(sig))
		fence = fence || got == strconv.Itoa(int(syscall.SIGUSR1))
		if found && fence {
			return true
		}
		if fence {
			// Signals are not delivered in the order they were sent, so what is late gets a moment.
			return run.sees(sig, soon(100*time.Millisecond))
		}
	}
}

// sees waits until the recording child has received sig.
func (run *running) sees(sig syscall.Signal, limit time.Duration) bool {
	_, ok := run.line(fmt.Sprintf("signal main %d", sig), limit)
	return ok
}

// received lists what each listener says it got, up to the fence: a USR1 that main receives last.
func (run *running) received() received {
	run.signal(syscall.SIGUSR1)
	got := make(received)
	fence := fmt.Sprint("main ", int(syscall.SIGUSR1))
	next := func() (string, bool) { return run.line("signal ", soon(time.Second)) }
	for text, ok := next(); ok && text != fence; text, ok = next() {
		got.add(text)
	}
	for _, line := range run.rest(pause()) { // signals are not delivered in the order they were sent
		if text, found := strings.CutPrefix(line, "signal "); found {
			got.add(text)
		}
	}
	return got
}

// received are signals by the listeners that got them.
type received map[string][]int

// add takes a listener's word, but for the fence.
func (got received) add(text string) {
	listener, number, _ := strings.Cut(text, " ")
	if n, err := strconv.Atoi(number); err == nil && syscall.Signal(n) != syscall.SIGUSR1 {
		got[listener] = append(got[listener], n)
	}
}

func queues(r *trial) verdict {
	const sent, sig = 50, 40
	run := r.start(launch{command: r.probe("record")})
	run.ready()
	// Stopped, the init cannot have taken the first before the last is sent.
	run.signal(syscall.SIGSTOP)
	for range sent {
		run.signal(sig)
	}
	run.signal(syscall.SIGCONT)
	arrived := 0
	for limit := soon(500 * time.Millisecond); run.sees(sig, limit); {
		if arrived++; arrived == sent {
			limit = pause() // for one too many
		}
	}
	if arrived > sent {
		return broken("%d of %d", arrived, sent)
	}
	return count(arrived, sent, "")
}

func forwardsAfterStop(r *trial) verdict {
	run := r.start(launch{command: r.probe("record")})
	run.ready()
	run.signal(syscall.SIGSTOP)
	sent := []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR2, syscall.SIGWINCH}
	for _, sig := range sent {
		run.signal(sig)
	}
	run.signal(syscall.SIGCONT)
	got := run.received()["main"]
	for _, sig := range sent {
		if !slices.Contains(got, int(sig)) {
			return broken("%v was lost", sig)
		}
	}
	return kept()
}

// signalTree sends TERM with four processes below the init and gives who received it.
func (r *trial) signalTree(with ...feature) map[string]bool { return r.signalTreeOn(nil, with...) }

func (r *trial) signalTreeOn(stage []string, with ...feature) map[string]bool {
	run := r.start(launch{command: r.probe("tree"), stage: stage, with: with})
	for range 4 {
		run.ready()
	}
	run.signal(syscall.SIGTERM)
	reached := make(map[string]bool)
	for _, line := range run.rest(2 * pause()) {
		words := strings.Fields(line)
		if len(words) == 3 && words[2] == strconv.Itoa(int(syscall.SIGTERM)) {
			if reached[words[1]] {
				reached[words[1]+" twice"] = true
			}
			reached[words[1]] = true
		}
	}
	return reached
}

func signalsChildOnly(r *trial) verdict {
	got := r.signalTree(single)
	return judge(got["main"] && len(got) == 1, "%v", got)
}

func signalsGroup(r *trial) verdict {
	got := r.signalTree(group)
	return judge(got["main"] && got["same-group"] && len(got) == 2, "%v", got)
}

func signalsTree(r *trial) verdict {
	got := r.signalTree(killTree)
	return judge(got["main"] && got["same-group"] && got["own-session"] && got["daemon"] && len(got) == 4, "%v", got)
}

func rewrites(r *trial) verdict {
	run := r.start(launch{command: r.probe("record"), with: []feature{rewrite}})
	run.ready()
	run.signal(syscall.SIGHUP)
	run.signal(syscall.SIGTERM)
	run.signal(syscall.SIGINT)
	got := run.received()["main"]
	slices.Sort(got)
	want := []int{int(syscall.SIGINT), int(syscall.SIGQUIT)}
	return judge(slices.Equal(got, want), "got %v, want %v", got, want)
}

func leaksNothing(r *trial) verdict {
	rate, ms := 5000, 1500
	if r.full {
		rate, ms = 10000, 5000
	}
	run := r.start(launch{command: r.probe("record", rate, ms)})
	run.ready()
	// Thousands of zombies at once are what makes a runtime preempt itself.
	for range 5 {
		run.signal(syscall.SIGSTOP)
		time.Sleep(100 * time.Millisecond)
		run.signal(syscall.SIGCONT)
		time.Sleep(50 * time.Millisecond)
	}
	leaked := 0
	for {
		line, ok := run.line("s", time.Duration(ms)*time.Millisecond+patience)
		switch {
		case !ok:
			return broken("the storm never ended")
		case line == "torm over":
			return judge(leaked == 0, "%d", leaked)
		case line == fmt.Sprintf("ignal main %d", syscall.SIGURG):
			leaked++
		}
	}
}
