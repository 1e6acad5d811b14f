package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every architecture that Go has.
const tick = 10 * time.Millisecond

// Stat is what /proc/PID/stat says of a process or a thread.
type Stat struct {
	State     string // R, S, T, Z …
	PPID      int
	Session   int
	Terminal  int    // the controlling one, as a device number; 0 is none
	User, Sys uint64 // ticks on a CPU, of threads that have ended too
	Started   uint64 // ticks since boot: with the pid it names a process for ever
}

// ReadStat reads a process's stat. It is an error when there is none with that pid.
func ReadStat(pid int) (Stat, error) { return readStat(fmt.Sprintf("/proc/%d/stat", pid)) }

func readStat(path string) (Stat, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Stat{}, fmt.Errorf("read stat: %w", err)
	}
	return parseStat(string(text))
}

// parseStat reads the text of a stat. The command name in parentheses may hold anything, so fields count from the last ')'.
func parseStat(text string) (Stat, error) {
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	if end < 0 || len(fields) < 20 {
		return Stat{}, fmt.Errorf("parse stat %q: too short", text)
	}
	s := Stat{State: fields[0]}
	var err error
	for index, to := range map[int]*int{1: &s.PPID, 3: &s.Session, 4: &s.Terminal} {
		var e error
		*to, e = strconv.Atoi(fields[index])
		err = errors.Join(err, e)
	}
	for index, to := range map[int]*uint64{11: &s.User, 12: &s.Sys, 19: &s.Started} {
		var e error
		*to, e = strconv.ParseUint(fields[index], 10, 64)
		err = errors.Join(err, e)
	}
	if err != nil {
		return Stat{}, fmt.Errorf("parse stat: %w", err)
	}
	return s, nil
}

// State is the letter of a process's state; empty when it is gone.
func State(pid int) string {
	s, _ := ReadStat(pid)
	return s.State
}

// CPUTime is what a process has spent on CPUs so far, in steps of a tick. Threads that have ended count; children do not.
func CPUTime(pid int) time.Duration {
	s, _ := ReadStat(pid)
	return time.Duration(s.User+s.Sys) * tick
}
