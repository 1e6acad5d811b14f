package control

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// DefaultPath is where the socket is unless PERCORE_CONTROL says otherwise, if PID 1 may write there and no other
// percore has it.
const DefaultPath = "/run/percore.sock"

// Off is the value of PERCORE_CONTROL that asks for no socket.
const Off = "off"

// Place is the address of a socket: a path, or @ and a name in the abstract namespace (man 7 unix).
type Place string

// Abstract reports whether it is a name without a file.
func (p Place) Abstract() bool { return strings.HasPrefix(string(p), "@") }

// URL is the place as supervisorctl would write it.
func (p Place) URL() string { return "unix://" + string(p) }

// privatePrefix starts the name of the socket of every percore in this pid namespace that could not have
// DefaultPath. It needs no file: scratch images have no folder for one, and read-only and unprivileged containers
// may have none that can be written.
func privatePrefix() string {
	var namespace uint64
	if info, err := os.Stat("/proc/self/ns/pid"); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			namespace = stat.Ino
		}
	}
	return fmt.Sprintf("@percore-%d-", namespace)
}

// privatePlace is a name for this process that no other can have taken before. The kernel is asked for the random
// part (man 2 getrandom) because crypto/rand would have every start of percore initialise all of Go's cryptography.
func privatePlace() Place {
	var salt [8]byte
	_, _ = unix.Getrandom(salt[:], 0) // never fails for so few bytes
	return Place(privatePrefix() + strconv.Itoa(os.Getpid()) + "-" + hex.EncodeToString(salt[:]))
}

// candidate is a private socket that a process listens on.
type candidate struct {
	place Place
	pid   int // as its name has it
}

// privatePlaces finds the private sockets of this pid namespace, that of the lowest pid first, in a /proc/net/unix.
func privatePlaces(proc fs.FS) []candidate {
	file, err := proc.Open("net/unix")
	if err != nil {
		return nil
	}
	defer file.Close()
	prefix := []byte(" " + privatePrefix())
	var list []candidate
	for lines := bufio.NewScanner(file); lines.Scan(); {
		at := bytes.LastIndex(lines.Bytes(), prefix)
		if at < 0 {
			continue
		}
		name := string(lines.Bytes()[at+1:])
		pid, _, _ := strings.Cut(name[len(prefix)-1:], "-")
		known := func(c candidate) bool { return c.place == Place(name) }
		if n, err := strconv.Atoi(pid); err == nil && !slices.ContainsFunc(list, known) {
			list = append(list, candidate{Place(name), n})
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return a.pid - b.pid })
	return list
}
