package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// variant is what a row asks of every proxy alike.
type variant struct {
	loops int  // event loops, threads or processes
	unix  bool // the worker listens on a unix socket
}

// plain is what all rows use that do not say otherwise.
func plain() variant { return variant{loops: 1} }

// discipline is how a proxy spreads requests over several workers; empty where there is one.
type discipline string

const (
	roundRobin discipline = "round robin"
	leastConn  discipline = "least_conn"
	oneAtATime discipline = "one at a time" // the rest waits in the proxy's queue
)

// setup is one instance of a proxy: where it listens, what is behind it and how it chooses.
type setup struct {
	variant
	port       int
	upstreams  []string // host:port or the path of a unix socket; percore starts its own and ignores them
	workers    int      // how many percore starts
	worker     []string // percore's worker and its arguments
	discipline discipline
	queueWait  string // how long a request may wait for a worker, in the proxies that have a queue
}

// upstream is the only one.
func (s setup) upstream() string { return s.upstreams[0] }

// isPath tells a unix socket from host:port.
func isPath(address string) bool { return address[0] == '/' }

// loopback lists count addresses from a port up.
func loopback(port, count int) []string {
	var list []string
	for i := range count {
		list = append(list, "127.0.0.1:"+strconv.Itoa(port+i))
	}
	return list
}

// freePort asks the kernel for a port of 127.0.0.1 that is free at this moment.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	return port, ln.Close()
}

// freePorts finds the first of count free ports in a row. It looks below those that the kernel gives to clients, which come
// and go (man 7 ip, ip_local_port_range).
func freePorts(count int) (int, error) {
	const lowest, highest, tries = 10_000, 32_000, 200
	var err error
	for range tries {
		first := lowest + rand.IntN(highest-lowest-count)
		if err = tryPorts(first, count); err == nil {
			return first, nil
		}
	}
	return 0, fmt.Errorf("find %d free ports in a row: %w", count, err)
}

func tryPorts(first, count int) error {
	for _, address := range loopback(first, count) {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		if err := ln.Close(); err != nil {
			return err
		}
	}
	return nil
}
