package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"percore/e2e/load"
)

const (
	// stopGrace is what `docker stop` gives a container before it kills it.
	stopGrace = 10 * time.Second
	// idleClients hold a kept connection on which one request was answered.
	idleClients = 20
	// longClients have a request of 3 s in flight.
	longClients = 4
)

// stopping is what came of SIGTERM to PID 1.
type stopping struct {
	stack
	long   tally         // the requests of 3 s
	idle   idleEnds      // the kept connections
	took   time.Duration // from SIGTERM to the end of PID 1
	code   int           // with which it ended; negative when it was killed
	killed bool          // because stopGrace was over
	err    error
}

// idleEnds counts how idle connections ended.
type idleEnds struct{ closed, reset, open int }

// stopUnderLoad asks a service to stop while clients wait for answers, and others hold idle connections.
func (l *lab) stopUnderLoad(s stack) stopping {
	result := stopping{stack: s}
	service, err := s.start(l)
	if err != nil {
		result.err = err
		return result
	}
	defer service.kill()
	idle := holdIdle(service)
	long := stream{name: "get-3000ms", method: http.MethodGet, ms: 3000, kept: true, clients: min(longClients, s.capacity())}
	run := load.Start(long.options(service.address, service.path))
	time.Sleep(lead)
	ended := make(chan load.Result)
	go func() { ended <- run.Stop() }() // no client asks a second time
	result.took = service.stop()
	result.killed = result.took >= stopGrace
	result.code = service.unshare.Code()
	result.long.add(<-ended)
	result.idle = lookAt(idle)
	return result
}

// capacity is how many long requests may be in flight without one waiting for another's worker.
func (s stack) capacity() int {
	if s.blocking {
		return s.workers
	}
	return longClients
}

// holdIdle opens connections and has one answer on each. Those that the service does not keep are left out.
func holdIdle(s *service) (idle []net.Conn) {
	for range idleClients {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			continue
		}
		fmt.Fprintf(conn, "GET %s?ms=0&id=idle HTTP/1.1\r\nHost: %s\r\n\r\n", s.path, s.address)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.Close {
			_ = conn.Close()
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body) // a cut answer shows as a connection that has ended
		idle = append(idle, conn)
	}
	return idle
}

// lookAt sees how connections have ended: a FIN reads as io.EOF, a RST as ECONNRESET.
func lookAt(idle []net.Conn) (ends idleEnds) {
	for _, conn := range idle {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := conn.Read(make([]byte, 1))
		switch {
		case errors.Is(err, io.EOF):
			ends.closed++
		case errors.Is(err, os.ErrDeadlineExceeded):
			ends.open++
		default:
			ends.reset++
		}
		_ = conn.Close()
	}
	return ends
}
