package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"percore/e2e/proc"
)

// subject is one of the proxies under comparison.
type subject struct {
	name string
	// launch writes what the proxy needs into the lab and says how to start it.
	launch func(ctx context.Context, l *lab, s setup) (launch, error)
	// version is one line for the list of machine facts.
	version func(ctx context.Context) string
	// roles sorts the proxy's processes: counted ones are its cost, the others are reported aside (percore's PID 1).
	roles func(family []proc.Process) (counted, aside []int)
	// raw marks a proxy that parses nothing: it adds no headers, and a new client connection is a new worker connection.
	raw bool
	// single marks one that has a single event loop, whatever a row asks for.
	single bool
	// mallocs, when set, asks an instance how many objects it has allocated.
	mallocs func(ctx context.Context, port int) (int64, error)
	// only, when set, are the rows that the subject is measured in; the other parts of the bench leave it out.
	only []string
}

// launch is how to start a proxy.
type launch struct {
	argv, env []string
}

func subjectNames() []string {
	return []string{"percore", "nginx", "nginx stock", "haproxy", "haproxy stock", "net/http", "net/http untuned", "relay"}
}

func allSubjects(o options) []subject {
	return []subject{
		percoreSubject(o.percore), nginxSubject(false), nginxSubject(true), haproxySubject(false), haproxySubject(true),
		reverseProxySubject(true), reverseProxySubject(false), relaySubject(),
	}
}

// chooseSubjects resolves a comma list of subject names.
func chooseSubjects(list string) ([]string, error) {
	chosen := strings.Split(list, ",")
	for _, name := range chosen {
		if !contains(subjectNames(), name) {
			return nil, fmt.Errorf("choose subject %q: not one of %s", name, strings.Join(subjectNames(), ", "))
		}
	}
	return chosen, nil
}

// everything counts each process of the family as the proxy's cost.
func everything(family []proc.Process) (counted, aside []int) {
	for _, p := range family {
		counted = append(counted, p.PID)
	}
	return counted, nil
}

// findBinary looks a program up in PATH and in /usr/sbin, which an ordinary user's PATH lacks on Debian.
func findBinary(name, debianPackage string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %s: not installed; apt-get install --no-install-recommends %s", name, debianPackage)
}

// firstLine is the first line that a command prints, on either stream.
func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return name + ": version unknown"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// asShipped names a peer whose buffer sizes and allocator are Debian's. They matter to large answers alone.
func asShipped(s subject) subject {
	s.name += " stock"
	s.only = []string{"64k", "1m"}
	s.version = func(context.Context) string { return s.name + ": the same with Debian's buffer sizes and allocator" }
	return s
}

// peerEnv keeps glibc from handing the heap's top back to the kernel after every burst of large buffers, which costs nginx
// and HAProxy, as Debian ships them, up to half of their time on 1 MiB answers (man 3 mallopt). percore has no such
// cost, so the stricter comparison is the one in which its peers have none either.
func peerEnv(stock bool) []string {
	if stock {
		return nil
	}
	return []string{"MALLOC_TRIM_THRESHOLD_=67108864", "MALLOC_MMAP_THRESHOLD_=33554432"}
}
