package self

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

const (
	// superviseProcs is how many CPUs PID 1 uses at once at most: it starts, waits and copies lines. Each costs a
	// thread, which counts against the container's pids.max.
	superviseProcs = 2
	// superviseGCPercent sets the smallest heap that is collected, which is 4 MB times this
	// (runtime/debug.SetGCPercent).
	superviseGCPercent = 25
	// ThreadsReserved are as many threads as the front door ever needs at once beside those that Go starts by
	// itself, and PID 1 but for one: one that forks, one for signals, one in a write to each of stdout and stderr,
	// one for each CPU used, and a spare one.
	ThreadsReserved = 4
	// superviseThreadsReserved are PID 1's, which has one more that reads the signals that end a program, for as long
	// as it lives.
	superviseThreadsReserved = ThreadsReserved + 1
)

// StayModest makes PID 1 small: few threads, where GOMAXPROCS would give it many, and a heap that is collected
// before it has grown to Go's usual 4 MB.
func StayModest() {
	if runtime.GOMAXPROCS(0) > superviseProcs {
		runtime.GOMAXPROCS(superviseProcs)
	}
	debug.SetGCPercent(superviseGCPercent)
	ReserveThreads(superviseThreadsReserved)
}

// ReserveThreads makes Go start n threads now, while it may, and keep them. When it needs one and pids.max is
// reached, which a worker alone can do, the runtime ends the process; idle threads are used first, and never end.
func ReserveThreads(n int) {
	var all, together sync.WaitGroup
	together.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread() // no other goroutine runs on this thread, so the next needs another
			defer runtime.UnlockOSThread()
			together.Done()
			together.Wait()
		})
	}
	all.Wait()
}

// Threads counts this process's.
func Threads() int {
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 1
	}
	return len(list)
}
