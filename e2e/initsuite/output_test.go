package initsuite

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/proc"
)

var outputScenarios = []scenario{
	{part: "Output", name: "stderr closed", needs: []feature{verbose}, run: talksInto(closed)},
	{part: "Output", name: "stderr a pipe whose reader is gone", needs: []feature{verbose}, run: talksInto(deaf)},
	{part: "Output", name: "stderr a full pipe that no process reads", needs: []feature{verbose}, run: talksInto(stuffed)},
	{part: "Output", name: "stderr a full disk", needs: []feature{verbose}, run: talksInto(fullDisk)},
	{part: "Output", name: "127 for a command that is not found, stderr closed", run: complainsInto(closed)},
	{part: "Output", name: "127 likewise, stderr a pipe whose reader is gone", run: complainsInto(deaf)},
	{part: "Output", name: "127 likewise, with sockets passed on by LISTEN_PID", run: complainsInto(deaf, activated...)},
	{part: "Output", name: "127 likewise, stderr a full pipe that no process reads", run: complainsInto(stuffed)},
	{part: "Output", name: "127 likewise, stderr a full disk", run: complainsInto(fullDisk)},
	{part: "Output", name: "what it says about a busy program, to a reader that is gone, does not end it", run: complainsWhileStarting},
}

// outlet gives a stderr and the options of the stage for it.
type outlet func(*trial) (*os.File, []string)

func closed(*trial) (*os.File, []string) { return nil, []string{"close=2"} }

func deaf(r *trial) (*os.File, []string) {
	reader, writer := r.pipe()
	reader.Close()
	return writer, nil
}

// stuffed is filled to the last byte and then made blocking, as pipes of a container's log are.
func stuffed(r *trial) (*os.File, []string) {
	_, writer := r.pipe()
	conn, err := writer.SyscallConn()
	if err != nil {
		r.Fatal(err)
	}
	conn.Control(func(fd uintptr) { //nolint:errcheck // fails for a closed file only
		for _, size := range []int{65536, 4096, 1} {
			for err := error(nil); err == nil; {
				_, err = unix.Write(int(fd), make([]byte, size))
			}
		}
		unix.SetNonblock(int(fd), false)
	})
	return writer, nil
}

func fullDisk(r *trial) (*os.File, []string) { return r.open("/dev/full"), nil }

// talksInto makes a talkative init handle signals and orphans for a while: it has to go on doing its work,
// use no CPU for nothing, and end with the child's code.
func talksInto(where outlet) func(*trial) verdict {
	return func(r *trial) verdict {
		stderr, stage := where(r)
		run := r.start(launch{command: r.probe("record", 200, 300), stderr: stderr, stage: stage, with: []feature{verbose}})
		if _, ok := run.line("ready", soon(2*time.Second)); !ok {
			return broken("the child is never started")
		}
		for range 20 {
			run.signal(syscall.SIGHUP)
			switch got, _ := run.line("signal main ", soon(time.Second)); got {
			case "1":
			case "13":
				return broken("it hands its own PIPE to the child")
			default:
				return broken("it does no work any more")
			}
		}
		before := proc.CPUTime(run.pid)
		time.Sleep(time.Second)
		if spent := proc.CPUTime(run.pid) - before; spent > 200*time.Millisecond {
			return broken("it spins: %v of CPU in a second", spent)
		}
		return r.endsWell(where)
	}
}

// complainsInto has every init say something: what could not be run.
func complainsInto(where outlet, environ ...string) func(*trial) verdict {
	return func(r *trial) verdict {
		stderr, stage := where(r)
		run := r.start(launch{command: []string{"/nowhere/program"}, stderr: stderr, stage: stage, environ: environ})
		code, ended := run.wait(soon(2 * time.Second))
		return judge(ended && code == 127, "ended %v, code %d", ended, code)
	}
}

func complainsWhileStarting(r *trial) verdict {
	stderr, _ := deaf(r)
	return r.startsBusy(stderr)
}

// endsWell is about the exit code of a child that ends by a signal handed on, after orphans to tell of.
func (r *trial) endsWell(where outlet) verdict {
	stderr, stage := where(r)
	run := r.start(launch{command: r.probe("storm", 200, 300), stderr: stderr, stage: stage, with: []feature{verbose}})
	run.line("made ", soon(2*time.Second))
	run.signal(syscall.SIGUSR1)
	code, ended := run.wait(soon(2 * time.Second))
	want := 128 + int(syscall.SIGUSR1)
	return judge(ended && code == want, "ended %v, code %d, not %d", ended, code, want)
}
