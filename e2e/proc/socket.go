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
	Port        int // the local one
	Listening   bool
	Established bool
	Inode       string
}

// Sockets lists the IPv4 TCP sockets of the network namespace that a process is in.
func Sockets(pid int) []Socket {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	return parseSockets(string(text))
}

// parseSockets reads the table: numbers are hexadecimal, states those of include/net/tcp_states.h.
func parseSockets(table string) []Socket {
	const localAddress, state, inode = 1, 3, 9
	const established, listen = "01", "0A"
	var list []Socket
	for row := range strings.Lines(table) {
		fields := strings.Fields(row)
		if len(fields) <= inode {
			continue
		}
		_, hexadecimal, _ := strings.Cut(fields[localAddress], ":")
		port, err := strconv.ParseUint(hexadecimal, 16, 16)
		if err != nil {
			continue // the head
		}
		list = append(list, Socket{
			Port: int(port), Listening: fields[state] == listen, Established: fields[state] == established, Inode: fields[inode],
		})
	}
	return list
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
