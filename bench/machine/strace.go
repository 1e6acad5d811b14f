package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"percore/e2e/proc"
)

// attachWait bounds how long strace may take to stop and seize every thread.
const attachWait = 30 * time.Second

// Syscalls counts system calls by name.
type Syscalls map[string]int64

// PerRequest is the total per request, and the four most frequent in words: "4.1: 2.0 recvfrom, 2.0 sendto".
func (s Syscalls) PerRequest(requests int64) (total float64, detail string) {
	names := make([]string, 0, len(s))
	for name, count := range s {
		names = append(names, name)
		total += float64(count) / float64(requests)
	}
	sort.Slice(names, func(i, j int) bool {
		if s[names[i]] != s[names[j]] {
			return s[names[i]] > s[names[j]]
		}
		return names[i] < names[j]
	})
	var parts []string
	for _, name := range names[:min(len(names), 5)] {
		if each := float64(s[name]) / float64(requests); each >= 0.005 {
			parts = append(parts, fmt.Sprintf("%.2f %s", each, name))
		}
	}
	return total, strings.Join(parts, ", ")
}

// parseStrace reads the table of strace -c (man 1 strace). Only its counts mean anything: tracing distorts every time.
func parseStrace(text string) (Syscalls, error) {
	counts := Syscalls{}
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) < 5 || f[len(f)-1] == "total" || f[0] == "%" || strings.HasPrefix(f[0], "---") {
			continue
		}
		calls, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("parse strace line %q: %w", line, err)
		}
		counts[f[len(f)-1]] += calls
	}
	if len(counts) == 0 {
		return nil, errors.New("parse strace: no system call in its table")
	}
	return counts, nil
}

// CountSyscalls counts the system calls of the processes while f runs, with strace, whose table goes through a file in dir.
func CountSyscalls(ctx context.Context, dir string, pids []int, f func() error) (Syscalls, error) {
	file := filepath.Join(dir, "strace.txt")
	args := []string{"-c", "-f", "-q", "-o", file}
	for _, pid := range pids {
		args = append(args, "-p", strconv.Itoa(pid))
	}
	cmd := exec.CommandContext(ctx, "strace", args...)
	errText := &Tail{Max: 512}
	cmd.Stderr = errText
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("count system calls (apt-get install strace): %w", err)
	}
	err := waitTraced(ctx, pids)
	if err == nil {
		err = f()
	}
	_ = cmd.Process.Signal(syscall.SIGINT) // it detaches, writes its table and ends by the same signal
	_ = cmd.Wait()
	if err != nil {
		return nil, fmt.Errorf("count system calls: %w: %s", err, errText.Text())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("count system calls: %w", err)
	}
	return parseStrace(string(text))
}

// waitTraced waits until every thread of the processes has a tracer.
func waitTraced(ctx context.Context, pids []int) error {
	ctx, cancel := context.WithTimeout(ctx, attachWait)
	defer cancel()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for !allTraced(pids) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for strace to attach: %w", ctx.Err())
		case <-retry.C:
		}
	}
	return nil
}

func allTraced(pids []int) bool {
	for _, pid := range pids {
		for _, thread := range proc.ThreadStatuses(pid) {
			if thread["TracerPid"] == "0" {
				return false
			}
		}
	}
	return true
}
