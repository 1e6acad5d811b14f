package initsuite

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

var orphanScenarios = []scenario{
	{part: "Orphans", name: "an orphan is adopted and reaped at once", run: reapsOne},
	{part: "Orphans", name: "2,000 that end at once leave no zombie after 100 ms", run: reapsCrowd, alone: true},
	{part: "Orphans", name: "an init that was stopped catches up with 2,000", run: catchesUp, alone: true},
	{part: "Orphans", name: "a storm of them leaves no zombie 100 ms after the last", run: weathersStorm, alone: true},
	{part: "Orphans", name: "its memory does not grow in a storm", run: memoryInStorm, alone: true},
	{part: "Orphans", name: "CPU time for each reaped orphan", run: costOfOrphan, alone: true},
	{part: "Orphans", name: "the exit code is right in a storm", run: codeInStorm, alone: true},
	{part: "Orphans", name: "by itself it leaves as soon as its child has ended", run: leavesAtOnce},
	{part: "Orphans", name: "on request the others get TERM and may finish", needs: []feature{waitAll}, run: letsFinish},
	{part: "Orphans", name: "they get TERM also where the child gets another signal for it", needs: []feature{waitAll, rewrite}, run: letsFinishRewritten},
	{part: "Orphans", name: "then it leaves when the last is gone, not later", needs: []feature{waitAll}, run: leavesWithLast},
	{part: "Orphans", name: "what does not leave in time is killed and named", needs: []feature{waitAll}, run: killsAndNames},
}

func reapsOne(r *trial) verdict {
	run := r.start(launch{command: r.probe("adopter")})
	got, _ := run.line("adopted by 1, ", patience)
	return judge(strings.HasSuffix(got, "zombies 0"), "%q", got)
}

func reapsCrowd(r *trial) verdict {
	return r.start(launch{command: r.probe("orphans", 2000)}).clean(r)
}

func catchesUp(r *trial) verdict {
	run := r.start(launch{command: r.probe("orphans", 2000, 400)})
	run.ready()
	run.signal(syscall.SIGSTOP)
	time.Sleep(300 * time.Millisecond)
	run.signal(syscall.SIGCONT)
	return run.clean(r)
}

// clean waits for the probe's word that no zombie is left. The promise is 100 ms; an ordinary run shares the
// machine with other tests and gives a second.
func (run *running) clean(r *trial) verdict {
	r.Helper()
	text, _ := run.line("clean ", patience)
	var ms, zombies int
	if _, err := fmt.Sscanf(text, "%d zombies %d", &ms, &zombies); err != nil {
		return broken("the child said %q", text)
	}
	busy := !*compare && ms > 1000 && rig.Wanting() > float64(runtime.NumCPU()) // then a time says nothing
	limit := 1000
	if *compare {
		limit = 100
	}
	v := judge(zombies == 0 && (ms <= limit || busy), "")
	v.detail = fmt.Sprintf("%d ms", ms)
	if zombies > 0 {
		v.detail = fmt.Sprintf("%d zombies after 2 s", zombies)
	}
	return v
}

// storm gives what the storm said, and the init while the one that made it still lives.
func (r *trial) storm() (run *running, made int, grownKB float64) {
	r.Helper()
	ms := 1500
	if r.full {
		ms = 10000
	}
	run = r.start(launch{command: r.probe("storm", 10000, ms)})
	run.ready()
	time.Sleep(200 * time.Millisecond)
	before := float64(proc.Resident(run.pid))
	text, ok := run.line("made ", time.Duration(ms)*time.Millisecond+patience)
	if !ok {
		r.Fatalf("the storm never ended; stderr: %s", run.stderr)
	}
	made, err := strconv.Atoi(text)
	if err != nil {
		r.Fatal(err)
	}
	r.Logf("%d orphans in %d ms", made, ms)
	return run, made, float64(proc.Resident(run.pid)) - before
}

func weathersStorm(r *trial) verdict {
	run, made, _ := r.storm()
	v := run.clean(r)
	v.detail = fmt.Sprintf("%s after %d", v.detail, made)
	return v
}

func memoryInStorm(r *trial) verdict {
	_, _, grown := r.storm()
	// What a garbage collector takes for its first round is no growth.
	return judge(grown <= 512, "%.0f KiB more", grown)
}

func costOfOrphan(r *trial) verdict {
	run, made, _ := r.storm()
	return measured(float64(proc.CPUTime(run.pid).Microseconds())/float64(made), 0, "µs")
}

// codeInStorm ends the child in the middle of a storm that goes on.
func codeInStorm(r *trial) verdict {
	run := r.start(launch{command: r.probe("storm", 10000, 5000)})
	run.ready()
	time.Sleep(300 * time.Millisecond)
	run.signal(syscall.SIGUSR1)
	code, _ := run.wait(soon(2 * time.Second))
	want := 128 + int(syscall.SIGUSR1)
	return judge(code == want, "code %d, not %d", code, want)
}

func leavesAtOnce(r *trial) verdict {
	run := r.start(launch{command: r.probe("leftovers", 7, "stubborn")})
	run.line("main leaves", patience)
	code, ended := run.wait(soon(300 * time.Millisecond))
	return judge(ended && code == 7, "ended %v, code %d", ended, code)
}

func letsFinish(r *trial) verdict {
	run := r.start(launch{command: r.probe("leftovers", 7), with: []feature{waitAll}})
	lines := run.rest(patience)
	code, _ := run.wait(patience)
	ok := code == 7 && slices.Contains(lines, "gentle asked") && slices.Contains(lines, "gentle done")
	return judge(ok, "code %d, %q", code, lines)
}

// letsFinishRewritten makes TERM a QUIT, which ends the child; the one it leaves behind knows nothing of that.
func letsFinishRewritten(r *trial) verdict {
	run := r.start(launch{command: r.probe("leftovers", 7, "stays"), with: []feature{waitAll, rewrite}})
	if _, ok := run.line("ready gentle", patience); !ok {
		return broken("it did not start")
	}
	run.signal(syscall.SIGTERM)
	lines := run.rest(patience)
	code, _ := run.wait(patience)
	want := 128 + int(syscall.SIGQUIT)
	ok := code == want && slices.Contains(lines, "gentle asked") && slices.Contains(lines, "gentle done")
	return judge(ok, "code %d, not %d, %q", code, want, lines)
}

func leavesWithLast(r *trial) verdict {
	run := r.start(launch{command: r.probe("leftovers", 7), with: []feature{waitAll}})
	if _, ok := run.line("gentle done", patience); !ok {
		return broken("it was not let finish")
	}
	_, ended := run.wait(soon(300 * time.Millisecond))
	return judge(ended, "it waits on")
}

// killsAndNames gives three seconds (see features): DESIGN keeps the last one for KILL.
func killsAndNames(r *trial) verdict {
	run := r.start(launch{command: r.probe("leftovers", 7, "stubborn"), with: []feature{waitAll}})
	if _, ok := run.line("main leaves", patience); !ok {
		return broken("it did not start")
	}
	began := time.Now()
	code, ended := run.wait(patience)
	took := time.Since(began)
	<-run.stderr.done
	switch {
	case !ended || took > soon(3500*time.Millisecond):
		return broken("it waits on")
	case took < time.Second:
		return broken("it waited for %v only", took.Round(time.Millisecond))
	case code != 7:
		return broken("code %d", code)
	}
	return judge(strings.Contains(run.stderr.String(), "stubborn"), "not named in %q", run.stderr)
}
