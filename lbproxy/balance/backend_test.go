package balance

import (
	"cmp"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestPlacesAreClaimedUpToTheLimit(t *testing.T) {
	for _, limit := range []int64{0, 1, 3} {
		var b Backend
		for n := range int64(5) {
			room, got := b.hasRoom(limit), b.claim(limit)
			if want := limit == 0 || n < limit; got != want || room != want {
				t.Errorf("limit %d, claim %d: got room %v and a place %v, want %v", limit, n+1, room, got, want)
			}
		}
		if want := cmp.Or(limit, 5); b.InFlight() != want {
			t.Errorf("limit %d: got %d requests, want %d", limit, b.InFlight(), want)
		}
		b.Release()
		if !b.hasRoom(limit) || !b.claim(limit) {
			t.Errorf("limit %d: got no place after one was given back", limit)
		}
	}
}

func TestALimitHoldsForAllLoopsTogether(t *testing.T) {
	const limit, loops, claims = 3, 4, 20_000
	var b Backend
	var most, served atomic.Int64
	var all sync.WaitGroup
	for range loops {
		all.Go(func() {
			for range claims {
				if !b.claim(limit) {
					continue
				}
				served.Add(1)
				for n := b.InFlight(); ; {
					seen := most.Load()
					if n <= seen || most.CompareAndSwap(seen, n) {
						break
					}
				}
				b.Release()
			}
		})
	}
	all.Wait()
	if most.Load() > limit || served.Load() == 0 || b.InFlight() != 0 {
		t.Errorf("got %d at once of %d claims, %d left; want %d at most, some, none", most.Load(), served.Load(), b.InFlight(), limit)
	}
}

func TestATunnelIsLoadAndNoRequest(t *testing.T) {
	var b Backend
	b.claim(1)
	b.BecomeTunnel()
	if b.InFlight() != 0 || b.Tunnels() != 1 || b.Load() != 1 {
		t.Errorf("a tunnel: got %d requests, %d tunnels, load %d; want 0, 1, 1", b.InFlight(), b.Tunnels(), b.Load())
	}
	if !b.claim(1) {
		t.Error("a tunnel takes the place of a request")
	}
	if b.Load() != 2 {
		t.Errorf("a tunnel and a request: got load %d, want 2", b.Load())
	}
	b.EndTunnel()
	b.Release()
	if b.Load() != 0 {
		t.Errorf("in the end: got load %d, want 0", b.Load())
	}
}

func TestTheOneThatExhaustsABackendIsTold(t *testing.T) {
	var b Backend
	b.requestsMax.Store(3)
	for n := range uint64(5) {
		if last := b.Count(); last != (n == 2) {
			t.Errorf("request %d: got the last %v, want the third to be that", n+1, last)
		}
		if b.IsExhausted() != (n >= 2) || b.Served() != n+1 {
			t.Errorf("after request %d: got exhausted %v, served %d", n+1, b.IsExhausted(), b.Served())
		}
	}
}

// TestTheCountersOfABackendHaveTheirCacheLines: what every request writes is on no line that others only read.
func TestTheCountersOfABackendHaveTheirCacheLines(t *testing.T) {
	const line = 64
	var b Backend
	start := unsafe.Offsetof(b.inFlight)
	if before := start - (unsafe.Offsetof(b.Known) + unsafe.Sizeof(b.Known)); before < line {
		t.Errorf("between what is read and the counters: got %d bytes, want %d", before, line)
	}
	if behind := unsafe.Sizeof(b) - (unsafe.Offsetof(b.Chatty) + unsafe.Sizeof(b.Chatty)); behind < line {
		t.Errorf("behind the counters: got %d bytes, want %d", behind, line)
	}
}
