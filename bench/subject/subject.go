// Package subject has the proxies that the benches compare: how each is configured, started and asked for its version, and which of
// its processes are its cost. A file is a proxy; setup.go is what all of them are asked for alike. It starts nothing itself.
//
// Begin with subject.go. A new proxy is a file, and a line in All and in Names.
package subject

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"percore/bench/machine"
	"percore/e2e/proc"
)

// Subject is one of the proxies under comparison.
type Subject struct {
	Name string
	// Launch writes what the proxy needs into a place and says how to start it.
	Launch func(ctx context.Context, in Place, s Setup) (Launch, error)
	// Version is one line for the list of machine facts.
	Version func(ctx context.Context) string
	// Roles sorts the proxy's processes: counted ones are its cost, the others are reported aside (percore's PID 1).
	Roles func(family []proc.Process) (counted, aside []int)
	// Raw marks a proxy that parses nothing: it adds no headers, and a new client connection is a new worker connection.
	Raw bool
	// Single marks one that has a single event loop, whatever a row asks for.
	Single bool
	// Holds marks one that takes slow clients off a worker, in both directions.
	Holds bool
	// Mallocs, when set, asks an instance how many objects it has allocated.
	Mallocs func(ctx context.Context, port int) (int64, error)
	// Only, when set, are the rows that the subject is measured in; the other parts of the bench leave it out.
	Only []string
}

// Place is where a proxy finds what it needs.
type Place struct {
	Dir   string // that its configuration is written to
	Relay string // the compiled relay.c
}

// Launch is how to start a proxy.
type Launch struct {
	Argv, Env []string
}

// Names are those of all subjects, in their order.
func Names() []string {
	return []string{"percore", "nginx", "nginx stock", "haproxy", "haproxy stock", "net/http", "net/http untuned", "relay"}
}

// All are the subjects. percore is the binary to measure; empty for the one of this tree.
func All(percore string) []Subject {
	return []Subject{
		Percore(percore), Nginx(false), Nginx(true), HAProxy(false), HAProxy(true),
		ReverseProxy(true), ReverseProxy(false), Relay(),
	}
}

// Choose resolves a comma list of subject names.
func Choose(list string) ([]string, error) {
	chosen := strings.Split(list, ",")
	for _, name := range chosen {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("choose subject %q: not one of %s", name, strings.Join(Names(), ", "))
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

// peer is a proxy of Debian's, which writes its configuration and says with which arguments it is started. One that is stock has
// Debian's buffer sizes and allocator, which matter to large answers alone.
func peer(name string, stock bool, configure func(in Place, s Setup, stock bool) ([]string, error)) Subject {
	p := Subject{Name: name, Roles: everything}
	p.Launch = func(_ context.Context, in Place, s Setup) (Launch, error) {
		binary, err := machine.Find(name, name)
		if err != nil {
			return Launch{}, err
		}
		args, err := configure(in, s, stock)
		return Launch{Argv: append([]string{binary}, args...), Env: peerEnv(stock)}, err
	}
	p.Version = func(ctx context.Context) string {
		binary, err := machine.Find(name, name)
		if err != nil {
			return err.Error()
		}
		return strings.TrimPrefix(machine.FirstLine(ctx, binary, "-v"), "nginx version: ")
	}
	if stock {
		p.Name += " stock"
		p.Only = []string{"64k", "1m"}
		p.Version = func(context.Context) string { return p.Name + ": the same with Debian's buffer sizes and allocator" }
	}
	return p
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
