// Package oom tells a process that the kernel's OOM killer ended from one that an operator killed. Both die of
// SIGKILL, and the wait status says no more; the memory cgroup's counter of OOM kills does.
// It also says how much memory the container may use.
//
// A Counter belongs to PID 1, and each kill that it shows is claimed by one death. Begin with Claim; package cgroup
// finds the files.
package oom

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"percore/reaper/cgroup"
)

const controller = "memory"

// The file with the counter in each generation of control groups. memory.events counts the cgroups below, too, which
// memory.events.local does not: a worker may have been put into one.
const (
	fileV1 = "memory.oom_control"
	fileV2 = "memory.events"
)

// surplusMax is how long an OOM kill that was seen waits for the death that it explains: several workers may be killed
// together. The counter is raised before the signal is sent, so what no death has claimed by then was a grandchild's.
const surplusMax = 10 * time.Second

// Counter counts the processes of this cgroup that the OOM killer has killed. It is safe from any goroutine.
type Counter struct {
	fsys fs.FS
	file string

	mu      sync.Mutex // guards what follows
	claimed uint64     // kills that explain a death, or no worker's
	seen    uint64     // kills at the latest look
	looked  time.Time  // when that was
}

// Find finds the counter of this process's memory cgroup below fsys, the root directory: the key oom_kill of
// memory.events (cgroup v2) or memory.oom_control (v1), both since Linux 4.13. Kills so far explain nothing that
// comes. The error says why there is no counter.
func Find(fsys fs.FS) (*Counter, error) {
	files, err := cgroup.Files(fsys, controller, fileV1, fileV2)
	if err != nil {
		return nil, fmt.Errorf("find the memory cgroup: %w", err)
	}
	for _, file := range files {
		c := &Counter{fsys: fsys, file: file}
		if c.seen, err = c.read(); err == nil {
			return c, nil
		}
	}
	return nil, errors.New("find the memory cgroup's counter of OOM kills: none is visible")
}

// File is the counter's file, for messages.
func (c *Counter) File() string { return "/" + c.file }

// Claim reports whether there is a kill that explains a death by SIGKILL at about now, and takes it: each kill
// explains one death. A counter that cannot be read explains none.
func (c *Counter) Claim(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	kills, err := c.read()
	if err != nil {
		return false
	}
	if now.Sub(c.looked) > surplusMax {
		c.claimed = max(c.claimed, c.seen)
	}
	c.seen, c.looked = kills, now
	if kills <= c.claimed {
		return false
	}
	c.claimed++
	return true
}

func (c *Counter) read() (uint64, error) {
	text, err := fs.ReadFile(c.fsys, c.file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key == "oom_kill" {
			return strconv.ParseUint(value, 10, 64)
		}
	}
	return 0, errors.New("no oom_kill in " + c.file)
}
