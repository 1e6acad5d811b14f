package handler

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// ticksPerSecond is USER_HZ, which is 100 on every architecture that Go runs on (man 7 time).
const ticksPerSecond = 100

// consumption reads what a process takes by now out of a /proc: resident memory in bytes and CPU time. Both are 0 when
// it is gone.
func consumption(proc fs.FS, pid int) (rssBytes int64, cpu time.Duration) {
	stat, err := fs.ReadFile(proc, fmt.Sprintf("%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The second field is the command in brackets, which may hold anything; those after it are numbers (man 5 proc).
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime, stime, rss = 14 - 3, 15 - 3, 24 - 3
	if len(fields) <= rss {
		return 0, 0
	}
	ticks := number(fields[utime]) + number(fields[stime])
	return number(fields[rss]) * int64(os.Getpagesize()), time.Duration(ticks) * time.Second / ticksPerSecond
}

func number(text []byte) int64 {
	n, _ := strconv.ParseInt(string(text), 10, 64) // the kernel writes numbers
	return n
}
