package siege

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience is how long a guest waits for an answer before it counts as a fault.
const patience = time.Minute

// Guests are what honest requests came to.
type Guests struct {
	Faults []string

	mu   sync.Mutex // guards Faults and took while they are being taken in
	took []time.Duration
}

// Invite has guests come for so long: every so often a GET on a connection of its own, whether or not the last is answered, and
// one on a connection that is kept, if that is free. It returns when all have their answers.
func Invite(address string, span, every time.Duration) *Guests {
	g := &Guests{}
	var all sync.WaitGroup
	turns := make(chan time.Time)
	all.Go(func() {
		kept := &guest{address: address}
		defer kept.leave()
		for began := range turns {
			g.note("a GET on a kept connection", began, kept.ask())
		}
	})
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for end := time.Now().Add(span); time.Now().Before(end); <-ticker.C {
		began := time.Now()
		all.Go(func() {
			own := &guest{address: address}
			defer own.leave()
			g.note("a GET of its own", began, own.ask())
		})
		select {
		case turns <- began:
		default:
		}
	}
	close(turns)
	all.Wait()
	return g
}

// note adds a request that began at a moment and has ended now.
func (g *Guests) note(what string, began time.Time, err error) {
	took := time.Since(began)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.took = append(g.took, took)
	if err != nil {
		g.Faults = append(g.Faults, fmt.Sprintf("%s after %v: %v", what, took, err))
	}
}

// Count is how many requests there were.
func (g *Guests) Count() int { return len(g.took) }

// At is what so large a share of the requests took at most: 0.5 gives the median, 1 the longest.
func (g *Guests) At(share float64) time.Duration {
	slices.Sort(g.took)
	return g.took[int(share*float64(len(g.took)-1))].Round(100 * time.Microsecond)
}

// String is the guests in words.
func (g *Guests) String() string {
	return fmt.Sprintf("%d GETs, %d failed, median %v, 99 %% %v, longest %v", g.Count(), len(g.Faults), g.At(0.5), g.At(0.99), g.At(1))
}

// guest is a client whose connection is opened when it is needed.
type guest struct {
	address string
	conn    net.Conn
}

func (g *guest) leave() {
	if g.conn != nil {
		g.conn.Close()
		g.conn = nil
	}
}

// ask sends a GET and reads the answer. A connection that was closed between two requests is opened again.
func (g *guest) ask() error {
	wasOpen := g.conn != nil
	err := g.once()
	if err != nil && wasOpen {
		g.leave()
		err = g.once()
	}
	if err != nil {
		g.leave()
	}
	return err
}

func (g *guest) once() (err error) {
	if g.conn == nil {
		if g.conn, err = net.DialTimeout("tcp", g.address, patience); err != nil {
			return err
		}
	}
	_ = g.conn.SetDeadline(time.Now().Add(patience)) // an error shows in the exchange
	if _, err := io.WriteString(g.conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	got := ""
	for b := make([]byte, 4096); !strings.HasSuffix(got, "\r\n\r\nok"); {
		n, err := g.conn.Read(b)
		if got += string(b[:n]); err != nil {
			return fmt.Errorf("after %q: %w", got, err)
		}
	}
	return nil
}
