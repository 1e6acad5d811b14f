package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Socket is a row of /proc/PID/net/tcp.
type Socket struct {
	Port, Peer     int // the local port, and the other side's
	Listening      bool
	Established    bool
	Unsent, Unread int // bytes that the other side has not acknowledged; bytes that wait to be read, of a connection
	Inode          string
}

// Sockets lists the IPv4 TCP sockets of the network namespace that a process is in.
func Sockets(pid int) []Socket {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	return parseSockets(string(text))
}

// parseSockets reads the table: numbers are hexadecimal, states those of include/net/tcp_states.h.
func parseSockets(table string) []Socket {
	const localAddress, peerAddress, state, queues, inode = 1, 2, 3, 4, 9
	const established, listen = "01", "0A"
	var list []Socket
	for row := range strings.Lines(table) {
		fields := strings.Fields(row)
		if len(fields) <= inode {
			continue
		}
		port, err := behindColon(fields[localAddress])
		if err != nil {
			continue // the head
		}
		s := Socket{Port: port, Listening: fields[state] == listen, Established: fields[state] == established, Inode: fields[inode]}
		s.Peer, _ = behindColon(fields[peerAddress])
		if unsent, _, found := strings.Cut(fields[queues], ":"); found && !s.Listening { // a listener's queues are of connections
			n, _ := strconv.ParseUint(unsent, 16, 32)
			s.Unsent = int(n)
			s.Unread, _ = behindColon(fields[queues])
		}
		list = append(list, s)
	}
	return list
}

// behindColon is the hexadecimal number behind a colon.
func behindColon(text string) (int, error) {
	_, hexadecimal, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(hexadecimal, 16, 32)
	return int(n), err
}

// Established counts the connections that were made to a local port, as this process sees them.
func Established(port int) int {
	n := 0
	for _, s := range Sockets(os.Getpid()) {
		if s.Port == port && s.Established {
			n++
		}
	}
	return n
}

// Holds reports whether a process has the socket with that inode among its descriptors.
func Holds(pid int, inode string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // the pattern is well-formed
	for _, link := range links {
		if to, _ := os.Readlink(link); to == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}
