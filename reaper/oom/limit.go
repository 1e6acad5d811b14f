package oom

import (
	"io/fs"
	"strconv"
	"strings"

	"percore/reaper/cgroup"
)

// The files with the limit in each generation of control groups; 0 and "max" are none.
const (
	limitV1 = "memory.limit_in_bytes"
	limitV2 = "memory.max"
)

// Limit is how many bytes of memory the container may use: the tightest visible limit of its memory cgroups below
// fsys, the root directory, or the machine's memory where there is none. It is 0 where neither can be read.
func Limit(fsys fs.FS) int64 {
	limit := machineMemory(fsys)
	files, err := cgroup.Files(fsys, controller, limitV1, limitV2)
	if err != nil {
		return limit
	}
	for _, file := range files {
		n, err := cgroup.Number(fsys, file)
		if err == nil && n > 0 && (limit == 0 || n < limit) {
			limit = n
		}
	}
	return limit
}

// machineMemory reads MemTotal (man 5 proc), which is in KiB.
func machineMemory(fsys fs.FS) int64 {
	text, err := fs.ReadFile(fsys, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil || n > 1<<50 {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
