package pid1

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is one of a service's processes.
type process struct {
	pid    int               // as seen from here
	inside int               // in its namespace
	status map[string]string // the fields of /proc/PID/status
}

func (p process) String() string {
	return fmt.Sprintf("%d (%s, %s)", p.inside, p.status["Name"], p.status["State"])
}

// processesIn lists the processes of a pid namespace, zombies too.
func processesIn(namespace string) []process {
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	var list []process
	for _, link := range links {
		if in, err := os.Readlink(link); err != nil || in != namespace {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		p := process{pid: pid, status: statusOf(pid)}
		ids := strings.Fields(p.status["NSpid"])
		if len(ids) == 0 {
			continue // it ended meanwhile
		}
		p.inside, _ = strconv.Atoi(ids[len(ids)-1])
		list = append(list, p)
	}
	return list
}

// statusOf reads /proc/PID/status; it is empty when there is no such process.
func statusOf(pid int) map[string]string {
	return statusIn(fmt.Sprintf("/proc/%d/status", pid))
}

func statusIn(path string) map[string]string {
	content, _ := os.ReadFile(path)
	fields := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// processes lists what runs in the service's namespace, PID 1 included.
func (s *service) processes() []process { return processesIn(s.namespace) }

// find returns the process that has this pid inside.
func (s *service) find(inside int) (process, bool) {
	for _, p := range s.processes() {
		if p.inside == inside {
			return p, true
		}
	}
	return process{}, false
}

// named waits for the process that the log calls so, and returns it.
func (s *service) named(name string) process {
	s.Helper()
	var found process
	s.await("the process "+name, func() (ok bool) {
		l, ok := s.alive(false)[name]
		if ok {
			found, ok = s.find(l.PID)
		}
		return ok
	})
	return found
}

func (s *service) front() process {
	s.Helper()
	return s.named(frontName)
}

// worker returns the process of worker i.
func (s *service) worker(i int) process {
	s.Helper()
	return s.named(s.workerName(i))
}

// workerName waits for worker i to be started and returns what the log calls it.
func (s *service) workerName(i int) (name string) {
	s.Helper()
	suffix := "-" + strconv.Itoa(s.portsFrom+i)
	s.await("worker "+strconv.Itoa(i), func() bool {
		for title := range s.alive(false) {
			if strings.HasSuffix(title, suffix) {
				name = title
			}
		}
		return name != ""
	})
	return name
}

// kill sends SIGKILL to a process of the service.
func (s *service) kill(p process) {
	s.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		s.Fatalf("kill %v: %v", p, err)
	}
}

// establishedAt counts the connections that were made to a local port, in /proc/net/tcp (man 5 proc).
func establishedAt(port string) int {
	content, _ := os.ReadFile("/proc/net/tcp")
	number, _ := strconv.Atoi(port)
	const localAddress, state, established = 1, 3, "01"
	n := 0
	for _, row := range strings.Split(string(content), "\n") {
		fields := strings.Fields(row)
		if len(fields) > state && fields[state] == established && strings.HasSuffix(fields[localAddress], fmt.Sprintf(":%04X", number)) {
			n++
		}
	}
	return n
}
