// Package program builds programs, starts, awaits and ends them, and finds them free ports, for scenarios and benches alike.
// What goes wrong is an error, for the caller to tell: the package knows no test. Nor does it know what percore says or
// listens to: the language of the scenarios is package rig.
//
// Begin with Process in process.go: the test that starts one ends it, by Stop or Kill, and nothing else waits for it.
package program

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Percore is the package of the product's binary.
const Percore = "percore/entrypoint"

// Python is Debian's: one that a version manager puts in front of it does not see Debian's modules.
const Python = "/usr/bin/python3"

// Build builds a program of this module as percore is shipped: static, stripped, and the same from every folder.
func Build(ctx context.Context, to, pkg string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Folder makes a temporary folder below another, or below the system's when that is empty. Every user can enter it: those
// that a front door and workers become too.
func Folder(below, pattern string) (string, error) {
	dir, err := os.MkdirTemp(below, pattern)
	if err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("open folder: %w", err)
	}
	return dir, nil
}

// Await looks until a condition holds, and is an error when it does not within a time. What was waited for is found out a
// hundredth of the time too late at most, or a look of a few milliseconds.
func Await(within time.Duration, what string, condition func() bool) error {
	const soonest, latest = time.Millisecond, 20 * time.Millisecond
	for began := time.Now(); !condition(); {
		waited := time.Since(began)
		if waited > within {
			return fmt.Errorf("wait for %s: not within %v", what, within)
		}
		time.Sleep(min(max(waited/100, soonest), latest))
	}
	return nil
}

// Accepts reports whether an address takes connections.
func Accepts(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
