// Package load is the scenarios' client: it asks on many connections at once, checks every answer, and counts each way
// to fail apart.
//
// It stands on bare connections because the Transport of net/http repeats a request by itself when a kept connection
// turns out to be dead, and so hides the losses that the scenarios look for.
package load

import (
	"context"
	"sync"
	"time"
)

// Run is a load that is under way.
type Run struct {
	options Options
	request []byte
	context context.Context // ends with Stop; what is in flight is waited for
	stop    context.CancelFunc
	clients sync.WaitGroup

	mu     sync.Mutex // guards result
	result Result
}

// Start opens the load. It goes on until Stop.
func Start(o Options) *Run {
	r := &Run{options: o.withDefaults()}
	r.request = r.options.request()
	r.context, r.stop = context.WithCancel(context.Background())
	r.result = Result{Began: time.Now(), Statuses: map[int]int{}}
	for range r.options.Clients {
		c := client{run: r}
		r.clients.Go(c.ask)
	}
	return r
}

// For opens the load for a time and returns what came of it.
func For(o Options, d time.Duration) Result {
	r := Start(o)
	time.Sleep(d)
	return r.Stop()
}

// Once sends one request and returns what came of it.
func Once(o Options) Result {
	o.Clients = 1
	r := &Run{options: o.withDefaults(), context: context.Background()}
	r.request = r.options.request()
	r.result = Result{Began: time.Now(), Statuses: map[int]int{}}
	c := client{run: r}
	defer c.close()
	r.note(c.once())
	return r.Result()
}

// Stop lets every client finish the request it is at, which Options.Timeout bounds, and returns the result. It may be called twice.
func (r *Run) Stop() Result {
	r.stop()
	r.clients.Wait()
	return r.Result()
}

// Result returns what came of it so far.
func (r *Run) Result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.clone(time.Now())
}

// note adds what came of one request.
func (r *Run) note(a attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.add(a)
}

// noteIdle counts a kept connection that the other side ended between two requests.
func (r *Run) noteIdle(ended error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.addIdle(ended)
}

func (r *Run) noteConnection() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Connections++
}
