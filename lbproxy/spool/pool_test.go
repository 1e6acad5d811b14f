package spool

import (
	"sync"
	"testing"
)

// running is how many goroutines a pool has.
func (p *pool) running() int {
	p.Lock()
	defer p.Unlock()
	return p.workers
}

func TestAPoolHasNoGoroutineWithoutATask(t *testing.T) {
	var p pool
	done := make(chan bool)
	for range 100 {
		if got := p.running(); got > 1 {
			t.Errorf("before a task: got %d goroutines, want none but the last one's", got)
		}
		p.submit(&task{run: func() { done <- true }})
		<-done
	}
	await(t, "a pool without a goroutine", func() bool { return p.running() == 0 })
}

func TestTasksBeginInTheOrderInWhichTheyCame(t *testing.T) {
	var p pool
	gate, all := make(chan struct{}), sync.WaitGroup{}
	for range WorkersMax - 1 {
		all.Add(1)
		p.submit(&task{run: func() { <-gate; all.Done() }})
	}
	const n = 1000
	var order []int
	last := make(chan bool)
	for i := range n {
		p.submit(&task{run: func() {
			if order = append(order, i); i == n-1 {
				close(last)
			}
		}})
	}
	<-last
	for i, got := range order {
		if got != i {
			t.Fatalf("task %d: got %d, want them in order", i, got)
		}
	}
	close(gate)
	all.Wait()
	await(t, "a pool without a goroutine", func() bool { return p.running() == 0 })
}

func TestAPoolHasSoManyGoroutinesAtMost(t *testing.T) {
	var p pool
	var mu sync.Mutex
	begun := 0
	gate, all := make(chan struct{}), sync.WaitGroup{}
	for range 5 * WorkersMax {
		all.Add(1)
		p.submit(&task{run: func() {
			mu.Lock()
			begun++
			mu.Unlock()
			<-gate
			all.Done()
		}})
	}
	await(t, "as many tasks as there may be", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return begun == WorkersMax
	})
	if got := p.running(); got != WorkersMax {
		t.Errorf("got %d goroutines, want %d", got, WorkersMax)
	}
	close(gate)
	all.Wait()
	if begun != 5*WorkersMax {
		t.Errorf("got %d tasks done, want %d", begun, 5*WorkersMax)
	}
}

// TestTasksOfManyGoroutines: none is lost, and none is done twice.
func TestTasksOfManyGoroutines(t *testing.T) {
	var p pool
	var all sync.WaitGroup
	const each = 500
	var done [10]int
	for i := range done {
		all.Go(func() {
			next := make(chan bool)
			one := &task{run: func() { done[i]++; next <- true }}
			for range each {
				p.submit(one)
				<-next
			}
		})
	}
	all.Wait()
	for i, got := range done {
		if got != each {
			t.Errorf("of goroutine %d: got %d tasks done, want %d", i, got, each)
		}
	}
	await(t, "a pool without a goroutine", func() bool { return p.running() == 0 })
}

func TestToSubmitAllocatesNothing(t *testing.T) {
	var p pool
	done := make(chan bool)
	one := &task{run: func() { done <- true }}
	allocations := testing.AllocsPerRun(1000, func() {
		p.submit(one)
		<-done
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

func TestBuffersComeInTheSmallestClassThatFits(t *testing.T) {
	var p buffers
	for _, test := range []struct{ n, size int }{
		{1, 16 << 10},
		{16 << 10, 16 << 10},
		{16<<10 + 1, 64 << 10},
		{256 << 10, 256 << 10},
		{256<<10 + 1, 256<<10 + 1},
	} {
		b := p.get(test.n)
		if len(b.b) != test.n || cap(b.b) != test.size || p.flight.Load() != int64(test.size) {
			t.Errorf("%d bytes: got %d of %d, %d in flight, want %d of %d",
				test.n, len(b.b), cap(b.b), p.flight.Load(), test.n, test.size)
		}
		if p.put(b); p.flight.Load() != 0 {
			t.Errorf("%d bytes: got %d in flight when it is back, want none", test.n, p.flight.Load())
		}
	}
	if p.put(nil); p.flight.Load() != 0 {
		t.Errorf("nil: got %d in flight, want none", p.flight.Load())
	}
}

func TestACopyIsACopy(t *testing.T) {
	var p buffers
	text := []byte("body")
	b := p.copyOf(text)
	clear(text)
	if string(b.b) != "body" {
		t.Errorf("got %q, want %q", b.b, "body")
	}
	p.put(b)
	if again := p.copyOf([]byte("another one")); string(again.b) != "another one" {
		t.Errorf("again: got %q, want all of it", again.b)
	}
}
