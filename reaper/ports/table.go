package ports

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Listener is a socket that listens.
type Listener struct {
	Address netip.AddrPort
	UID     int // of the process that made it
	inode   uint64
}

// host is where workers are told to listen.
var host = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// takes reports whether it takes what is sent to a port of the workers' host. One that is bound to `::` may have been
// told not to take IPv4, which nothing shows.
func (l Listener) takes(port int) bool {
	a := l.Address.Addr().Unmap()
	return int(l.Address.Port()) == port && (a == host || a.IsUnspecified())
}

// tcpTables are the kernel's tables of TCP sockets (man 5 proc). The second is the dearer one: to list its few
// sockets the kernel goes through all connections of the first.
var tcpTables = [...]string{"/proc/net/tcp", "/proc/net/tcp6"}

// listening reads both.
func listening() []Listener { return append(listeningIn(tcpTables[0]), listeningIn(tcpTables[1])...) }

// listeningIn reads one; without IPv6 there is no second.
func listeningIn(table string) []Listener {
	file, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer file.Close()
	return parseTCP(file)
}

// Places in a line of /proc/net/tcp, and the state of those that listen.
const (
	tcpLocal, tcpState, tcpUID, tcpInode = 1, 3, 7, 9
	tcpListen                            = "0A"
)

// parseTCP reads as far as the sockets that listen: the kernel tells of them first, and of connections there may be a
// hundred thousand.
func parseTCP(r io.Reader) (list []Listener) {
	lines := bufio.NewScanner(r)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= tcpInode || fields[tcpState] != tcpListen {
			return list
		}
		address, ok := parseAddress(fields[tcpLocal])
		inode, err := strconv.ParseUint(fields[tcpInode], 10, 64)
		uid, _ := strconv.Atoi(fields[tcpUID]) // the kernel writes numbers
		// 0 is no process's: a kernel that does not know it (gVisor) must not make a worker a stranger.
		if ok && err == nil && inode != 0 {
			list = append(list, Listener{Address: address, UID: uid, inode: inode})
		}
	}
	return list
}

// parseAddress reads `0100007F:1F40`: words of 32 bits, each in the machine's order, and a port.
func parseAddress(text string) (netip.AddrPort, bool) {
	digits, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for word := raw; len(word) >= 4; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	address, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(address, uint16(number)), ok && err == nil
}

// unixListener is a unix socket that listens.
type unixListener struct {
	path  string
	inode uint64
}

func listeningUnix() []unixListener {
	file, err := os.Open("/proc/net/unix")
	if err != nil {
		return nil
	}
	defer file.Close()
	return parseUnix(file)
}

// Places in a line of /proc/net/unix, and the flag of those that listen (__SO_ACCEPTCON).
const (
	unixFlags, unixInode, unixPath = 3, 6, 7
	unixListen                     = "00010000"
)

func parseUnix(r io.Reader) (list []unixListener) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= unixPath || fields[unixFlags] != unixListen {
			continue
		}
		if inode, err := strconv.ParseUint(fields[unixInode], 10, 64); err == nil {
			list = append(list, unixListener{path: fields[unixPath], inode: inode})
		}
	}
	return list
}
