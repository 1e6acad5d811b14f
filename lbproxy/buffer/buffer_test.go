package buffer_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"percore/lbproxy/buffer"
)

func TestBuffersComeInTheSmallestClassThatFits(t *testing.T) {
	tests := []struct{ ask, size int }{
		{0, 4 << 10},
		{4 << 10, 4 << 10},
		{4<<10 + 1, 20 << 10},
		{20<<10 + 1, 40 << 10},
		{96 << 10, 96 << 10},
		{320 << 10, 320 << 10},
		{320<<10 + 1, 320<<10 + 1},
	}
	var p buffer.Pool
	for _, test := range tests {
		b := p.Get(test.ask)
		if len(b) != 0 || cap(b) < test.size || test.size <= 320<<10 && cap(b) != test.size {
			t.Errorf("get %d: got length %d and capacity %d, want 0 and %d", test.ask, len(b), cap(b), test.size)
		}
		if got := buffer.SizeFor(test.ask); got != test.size {
			t.Errorf("size for %d: got %d, want %d", test.ask, got, test.size)
		}
		p.Put(append(b, 1))
		if test.size > 320<<10 {
			continue
		}
		if again := p.Get(test.ask); len(again) != 0 || &again[:1][0] != &b[:1][0] {
			t.Errorf("get %d again: got another buffer or one with bytes in it, want the one given back", test.ask)
		}
	}
	p.Put(nil)
}

// kept is how many of n buffers of this size come back after they were given to p.
func kept(p *buffer.Pool, size, n int) (kept int) {
	given := map[*byte]bool{}
	for range n {
		b := make([]byte, 0, size)
		given[&b[:1][0]] = true
		p.Put(b)
	}
	for range n {
		if b := p.Get(size); given[&b[:1][0]] {
			kept++
		}
	}
	return kept
}

func TestIdleBuffersAreBounded(t *testing.T) {
	for _, test := range []struct{ size, keep int }{{4 << 10, 1024}, {20 << 10, 64}, {40 << 10, 16}, {96 << 10, 16}, {320 << 10, 4}, {5000, 0}} {
		var p buffer.Pool
		if got := kept(&p, test.size, test.keep+5); got != test.keep {
			t.Errorf("idle buffers of %d bytes: got %d, want %d", test.size, got, test.keep)
		}
	}
}

func TestWithABudgetAQuarterOfItIsKeptIdle(t *testing.T) {
	var p buffer.Pool
	p.SetBudget(160 << 10)
	if got := kept(&p, 4<<10, 100); got != 10 {
		t.Errorf("idle buffers of 4 KiB: got %d, want 10, which are a quarter of the budget", got)
	}
}

func TestWhatIsHandedOutIsCounted(t *testing.T) {
	var p buffer.Pool
	small, huge := p.Get(1), p.Get(1<<20)
	if got, want := p.Used(), int64(4<<10+1<<20); got != want {
		t.Errorf("used: got %d, want %d", got, want)
	}
	small = p.Append(small, make([]byte, 5000))
	if got, want := p.Used(), int64(20<<10+1<<20); got != want || len(small) != 5000 {
		t.Errorf("after it grew: got %d bytes used and %d in it, want %d and 5000", got, len(small), want)
	}
	p.Put(small)
	p.Put(huge)
	if got := p.Used(); got != 0 {
		t.Errorf("when all is back: got %d, want 0", got)
	}
}

func TestWhatIsLeftFitsASmallerBuffer(t *testing.T) {
	var p buffer.Pool
	b := append(p.Get(90<<10), "head"...)
	b = p.Fit(b)
	if string(b) != "head" || cap(b) != 4<<10 || p.Used() != 4<<10 {
		t.Errorf("got %q with room for %d and %d bytes used, want %q, 4096 and 4096", b, cap(b), p.Used(), "head")
	}
	if again := p.Fit(b); &again[0] != &b[0] {
		t.Error("fit again: got another buffer, want the same")
	}
}

func TestALongBodyIsNotCopiedWithEachRead(t *testing.T) {
	var p buffer.Pool
	var b []byte
	moves := 0
	for range 1000 {
		before := cap(b)
		if b = p.Append(b, make([]byte, 10_000)); cap(b) != before {
			moves++
		}
	}
	if len(b) != 10_000_000 || moves > 12 {
		t.Errorf("got %d bytes that moved %d times, want 10000000 and 12 times at most", len(b), moves)
	}
}

func TestHowNearTheBuffersAreToTheirBudget(t *testing.T) {
	tests := []struct {
		used                     int
		pressure                 buffer.Pressure
		tight, cramped, reserves bool
	}{
		{0, buffer.None, false, false, true},
		{80_000, buffer.None, false, false, true},
		{80_001, buffer.Lean, false, false, true},
		{120_000, buffer.Lean, false, false, true},
		{120_001, buffer.Lean, true, false, true},
		{150_000, buffer.Lean, true, false, true},
		{150_001, buffer.Lean, true, true, true},
		{160_000, buffer.Lean, true, true, true},
		{160_001, buffer.Full, true, true, true},
		{180_000, buffer.Full, true, true, true},
		{180_001, buffer.Full, true, true, false},
	}
	for _, test := range tests {
		var p buffer.Pool
		p.SetBudget(160_000)
		spend(&p, test.used)
		if got := p.Pressure(); got != test.pressure {
			t.Errorf("%d of 160000 used: got pressure %d, want %d", test.used, got, test.pressure)
		}
		if p.IsTight() != test.tight || p.IsCramped() != test.cramped || p.HasReserve() != test.reserves {
			t.Errorf("%d of 160000 used: got %t, %t, %t, want %+v", test.used, p.IsTight(), p.IsCramped(), p.HasReserve(), test)
		}
	}
}

// spend has p hand out so many bytes in all: by one buffer beyond the classes, of which a part is given back as
// another's.
func spend(p *buffer.Pool, bytes int) {
	const beyond = 1 << 20
	p.Get(beyond)
	p.Put(make([]byte, 0, beyond-bytes))
}

func TestWithoutABudgetThereIsNoPressure(t *testing.T) {
	var p buffer.Pool
	p.Get(1 << 24)
	if p.Pressure() != buffer.None || p.IsTight() || p.IsCramped() {
		t.Errorf("got pressure %d, %t, %t, want none", p.Pressure(), p.IsTight(), p.IsCramped())
	}
}

// TestABoxIsAQueueOfBytes drives it at random against a plain buffer.
func TestABoxIsAQueueOfBytes(t *testing.T) {
	var p buffer.Pool
	var box buffer.Box
	var model bytes.Buffer
	for range 3000 {
		if rand.IntN(2) == 0 {
			data := bytes.Repeat([]byte{byte(rand.IntN(256))}, rand.IntN(9000))
			box.Add(&p, data)
			model.Write(data)
		} else if n := box.Pending(); n > 0 {
			n = 1 + rand.IntN(n)
			if want := model.Next(n); !bytes.Equal(box.Bytes()[:n], want) {
				t.Fatal("the box has other bytes than were put in")
			}
			if box.Take(n); box.Pending() == 0 {
				box.Release(&p)
			}
		}
		if box.Pending() != model.Len() {
			t.Fatalf("pending: got %d, want %d", box.Pending(), model.Len())
		}
	}
	if box.Release(&p); p.Used() != 0 || box.Pending() != 0 {
		t.Errorf("released: got %d bytes used and %d pending, want none", p.Used(), box.Pending())
	}
}

func TestWhatIsKeptOfABoxStaysWhereItIs(t *testing.T) {
	var p buffer.Pool
	var box buffer.Box
	box.Add(&p, []byte("what was sent ahead"))
	whole := box.Bytes()
	box.Keep(len("sent ahead"))
	box.Keep(len("ahead"))
	if got := box.Bytes(); string(got) != "ahead" || &got[0] != &whole[len(whole)-len(got)] {
		t.Errorf("got %q, want %q in the same place", got, "ahead")
	}
}

func TestABoxAllocatesNothingOnceItsPoolIsWarm(t *testing.T) {
	var p buffer.Pool
	data := make([]byte, 3000)
	allocations := testing.AllocsPerRun(100, func() {
		var box buffer.Box
		for range 5 {
			box.Add(&p, data)
		}
		box.Release(&p)
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

// TestWhatWasTakenMakesRoom: a box whose bytes leave at one end as they come at the other needs no larger buffer.
func TestWhatWasTakenMakesRoom(t *testing.T) {
	var p buffer.Pool
	var box buffer.Box
	piece := bytes.Repeat([]byte("x"), 1000)
	box.Add(&p, piece)
	for range 1000 {
		box.Add(&p, piece)
		box.Take(len(piece))
	}
	if got := p.Used(); got != 4<<10 || box.Pending() != len(piece) {
		t.Errorf("got %d bytes used and %d pending, want one buffer of 4 KiB and %d", got, box.Pending(), len(piece))
	}
}
