package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// answerTimeout is how long a client waits for an answer before it counts as lost.
const answerTimeout = 5 * time.Second

// tally is what became of POSTs.
type tally struct {
	sent, lost int
	twice      int // executed more than once
}

// asker is a client on a bare connection. It repeats nothing by itself: libraries that do hide losses.
type asker struct {
	address string
	c       net.Conn
	in      *bufio.Reader
}

// ask sends a request and reads its answer. Whatever goes wrong ends the connection; the next request opens another.
func (a *asker) ask(method, request string) (body string, err error) {
	if a.c == nil {
		if a.c, err = net.Dial("tcp", a.address); err != nil {
			return "", fmt.Errorf("connect: %w", err)
		}
		a.in = bufio.NewReader(a.c)
	}
	body, keep, err := a.exchange(method, request)
	if err != nil || !keep {
		a.close()
	}
	return body, err
}

func (a *asker) exchange(method, request string) (body string, keep bool, err error) {
	_ = a.c.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := io.WriteString(a.c, request); err != nil {
		return "", false, fmt.Errorf("send: %w", err)
	}
	resp, err := http.ReadResponse(a.in, &http.Request{Method: method})
	if err != nil {
		return "", false, fmt.Errorf("read answer: %w", err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", false, fmt.Errorf("read body: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", !resp.Close, fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(b), !resp.Close, nil
}

func (a *asker) close() {
	if a.c != nil {
		_ = a.c.Close()
		a.c = nil
	}
}

// sendPOSTs has clients send POSTs, each one after the other on a connection of its own that it keeps.
func sendPOSTs(address string, clients, requests int) tally {
	var all sync.WaitGroup
	lost := make([]int, clients)
	for i := range clients {
		all.Go(func() {
			a := asker{address: address}
			defer a.close()
			for n := range requests {
				_, err := a.ask("POST", fmt.Sprintf("POST / HTTP/1.1\r\nHost: bench\r\nX-Id: %d-%d\r\nContent-Length: 5\r\n\r\nhello", i, n))
				if err != nil {
					lost[i]++
				}
				time.Sleep(rand.N(2 * time.Millisecond))
			}
		})
	}
	all.Wait()
	t := tally{sent: clients * requests}
	for _, n := range lost {
		t.lost += n
	}
	t.twice = askTwice(address)
	return t
}

// askTwice asks the worker how many POSTs it has executed more than once; -1 is not known. A try may meet a
// connection that has ended.
func askTwice(address string) int {
	a := asker{address: address}
	defer a.close()
	for range 5 {
		body, _ := a.ask("GET", "GET /twice HTTP/1.1\r\nHost: bench\r\n\r\n")
		if n, err := strconv.Atoi(body); err == nil {
			return n
		}
	}
	return -1
}

// timing is how fast requests were answered.
type timing struct {
	median time.Duration
	rate   float64 // answers per second
	errors int
}

// timeRequests has clients ask without a pause, all for the same time.
func timeRequests(address, method string, o options) timing {
	var all sync.WaitGroup
	took := make([][]time.Duration, o.clients)
	failed := make([]int, o.clients)
	began := time.Now()
	for i := range o.clients {
		all.Go(func() {
			a := asker{address: address}
			defer a.close()
			for time.Since(began) < o.length {
				start := time.Now()
				if _, err := a.ask(method, method+" / HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
					failed[i]++
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	all.Wait()
	return summarize(slices.Concat(took...), failed, time.Since(began))
}

func summarize(took []time.Duration, failed []int, length time.Duration) timing {
	var t timing
	if len(took) > 0 {
		slices.Sort(took)
		t.median = took[len(took)/2]
	}
	for _, n := range failed {
		t.errors += n
	}
	t.rate = float64(len(took)-t.errors) / length.Seconds()
	return t
}
