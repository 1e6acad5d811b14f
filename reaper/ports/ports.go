package ports

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/socket"
	"percore/reaper/tree"
)

// At lists the sockets that listen at a port of the workers' host. It is empty where /proc does not tell.
func At(port int) []Listener {
	return slices.DeleteFunc(listening(), func(l Listener) bool { return !l.takes(port) })
}

// Holder names the process that keeps a worker from listening at a port, as in "pid 77 (python3 -m http.server)";
// empty is none that is known. What only waits for its time to be over (TIME_WAIT) holds nothing.
func Holder(port int) string {
	if !errors.Is(try(port), syscall.EADDRINUSE) {
		return ""
	}
	list := At(port)
	if len(list) == 0 {
		return ""
	}
	return Name(list)
}

// try binds the port, as servers do, and lets it go.
func try(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: host.As4()}))
}

// Verdict says whose a port is.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota // /proc does not tell
	Own                    // one of the processes listens there
	Foreign                // another process does
)

// Whose reports whether one of these processes listens at a port.
func Whose(port int, pids []int) Verdict {
	var own []uint64
	seen := true
	for _, pid := range pids {
		sockets, err := socketsOf(pid)
		own = append(own, sockets...)
		seen = seen && (err == nil || isGone(err))
	}
	found := false
	for _, table := range tcpTables {
		for _, l := range listeningIn(table) {
			switch {
			case !l.takes(port):
			case slices.Contains(own, l.inode):
				return Own
			default:
				found = true
			}
		}
	}
	if found && seen {
		return Foreign
	}
	return Unknown
}

// Of lists what processes listen on: "0.0.0.0:9000", "unix:/run/app.sock".
func Of(pids []int) []string {
	var own []uint64
	for _, pid := range pids {
		sockets, _ := socketsOf(pid) // what cannot be seen is not told of
		own = append(own, sockets...)
	}
	var list []string
	for _, l := range listening() {
		if slices.Contains(own, l.inode) {
			list = append(list, netip.AddrPortFrom(l.Address.Addr().Unmap(), l.Address.Port()).String())
		}
	}
	for _, l := range listeningUnix() {
		if slices.Contains(own, l.inode) {
			list = append(list, socket.Prefix+tree.Printable(l.path))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Name finds the process that has one of these sockets open. It looks at every process.
func Name(list []Listener) string {
	folder, err := os.Open("/proc")
	if err == nil {
		defer folder.Close()
		names, _ := folder.Readdirnames(-1)
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			sockets, _ := socketsOf(pid)
			if slices.ContainsFunc(list, func(l Listener) bool { return slices.Contains(sockets, l.inode) }) {
				return "pid " + name + " (" + command(pid) + ")"
			}
		}
	}
	return "a process of uid " + strconv.Itoa(list[0].UID) + " that cannot be seen from here"
}

// commandMax is as much of a command line as a sentence can bear.
const commandMax = 80

// command is what a process runs, made fit for a log.
func command(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	line := strings.NewReplacer("\x00", " ", "\n", " ", "\t", " ").Replace(string(text))
	words := tree.Printable(strings.TrimSpace(line))
	if len(words) > commandMax {
		words = words[:commandMax] + "…"
	}
	return strings.ToValidUTF8(words, "?")
}

// socketsOf lists the inodes of a process's sockets, as its own user, since root without the capability SYS_PTRACE
// may not look.
func socketsOf(pid int) (inodes []uint64, err error) {
	dir := "/proc/" + strconv.Itoa(pid)
	err = reaper.AsOwner(dir, func() error {
		folder, err := os.Open(dir + "/fd")
		if err != nil {
			return err
		}
		defer folder.Close()
		names, err := folder.Readdirnames(-1)
		for _, name := range names {
			link, err := os.Readlink(dir + "/fd/" + name)
			if err != nil {
				if isGone(err) {
					continue // closed meanwhile
				}
				return err
			}
			digits, isSocket := strings.CutPrefix(link, "socket:[")
			if inode, err := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 64); isSocket && err == nil {
				inodes = append(inodes, inode)
			}
		}
		return err
	})
	return inodes, err
}

func isGone(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// Blind says why it cannot be told here which process listens where; empty is that it can. Whether one process may be
// looked at shows only then.
func Blind() string { return blind("/proc") }

const blindness = "it cannot be told which process listens at a worker's port, " +
	"so what answers there is taken for the worker: "

func blind(proc string) string {
	if _, err := os.ReadFile(proc + "/net/tcp"); err != nil {
		return blindness + err.Error()
	}
	if self, err := os.Readlink(proc + "/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return blindness + proc + " is of another pid namespace"
	}
	return ""
}
