package spool

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// owner is the nth client.
func owner(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }

// TestTheRoomIsShared: of n owners that take all that they get, in pieces, each gets one part in n+1.
func TestTheRoomIsShared(t *testing.T) {
	const room, piece = 1 << 20, 1 << 7
	for n := 1; n <= 9; n++ {
		t.Run(fmt.Sprintf("%d owners", n), func(t *testing.T) {
			var l ledger
			for more := true; more; {
				more = false
				for i := range n {
					more = l.take(owner(i), piece, room) == granted || more
				}
			}
			want := int64(room / (n + 1))
			for i := range n {
				if got := l.by[owner(i)]; got < want-piece || got > want+piece {
					t.Errorf("owner %d: got %d bytes, want about %d", i, got, want)
				}
			}
			if got := l.take(owner(n), want/2-piece, room); got != granted {
				t.Errorf("another owner: got %q, want that there is something left", got)
			}
		})
	}
}

func TestWhatIsTooMuch(t *testing.T) {
	const room = 1000
	for _, test := range []struct {
		name          string
		others, mine  int64 // held before
		n             int64
		want          refusal
		wantOthersMay int64 // of another owner, which has nothing, afterwards
	}{
		{"half of it at once", 0, 0, 500, granted, 250},
		{"more than half of it at once", 0, 0, 501, noShare, 500},
		{"more than there is", 0, 0, 1001, noRoom, 500},
		{"as much as there is numbers", 0, 0, 1<<63 - 1, noRoom, 500},
		{"nothing", 0, 0, 0, granted, 500},
		{"the last byte of a share", 0, 499, 1, granted, 250},
		{"a byte more than a share", 0, 500, 1, noShare, 250},
		{"beside one that has a half", 500, 0, 250, granted, 125},
		{"more beside one that has a half", 500, 0, 251, noShare, 250},
		{"a third, beside one that has a third", 333, 0, 333, granted, 167},
		{"when all is taken", 1000, 0, 1, noRoom, 0},
		{"nothing, when all is taken", 1000, 0, 0, granted, 0},
		{"when more is taken than there is now", 2000, 0, 0, noRoom, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l ledger
			l.add(owner(1), test.others)
			l.add(owner(2), test.mine)
			if got := l.take(owner(2), test.n, room); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.wantOthersMay == 0 {
				return
			}
			if got := l.take(owner(3), test.wantOthersMay+1, room); got != noShare {
				t.Errorf("%d bytes of another: got %q, want %q", test.wantOthersMay+1, got, noShare)
			}
			if got := l.take(owner(3), test.wantOthersMay, room); got != granted {
				t.Errorf("%d bytes of another: got %q, want them granted", test.wantOthersMay, got)
			}
		})
	}
}

func TestWhoseShareItIs(t *testing.T) {
	for _, test := range []struct{ address, want string }{
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"2001:db8:1:2::", "2001:db8:1:2::"},
		{"fe80::1%eth0", "fe80::"},
	} {
		if got := shareOf(netip.MustParseAddr(test.address)); got != netip.MustParseAddr(test.want) {
			t.Errorf("%s: got %v, want %s", test.address, got, test.want)
		}
	}
	if got := shareOf(netip.Addr{}); got.IsValid() {
		t.Errorf("without an address: got %v, want none", got)
	}
}

// TestNothingIsCountedTwiceOrForgotten drives a ledger at random against plain sums.
func TestNothingIsCountedTwiceOrForgotten(t *testing.T) {
	var l ledger
	held := map[netip.Addr]int64{}
	var all int64
	for range 20_000 {
		who := owner(rand.IntN(5))
		if n := rand.Int64N(3000); rand.IntN(2) == 0 {
			free := 10_000 - all
			want := granted
			if n > free {
				want = noRoom
			} else if held[who]+n > free-n {
				want = noShare
			}
			if got := l.take(who, n, 10_000); got != want {
				t.Fatalf("%d bytes for one that has %d, of %d free: got %q, want %q", n, held[who], free, got, want)
			} else if got == granted {
				held[who] += n
				all += n
			}
		} else if back := min(n, held[who]); back > 0 {
			l.add(who, -back)
			held[who] -= back
			all -= back
		}
		if l.all.Load() != all || l.by[who] != held[who] {
			t.Fatalf("got %d in all and %d of one, want %d and %d", l.all.Load(), l.by[who], all, held[who])
		}
	}
	for who, n := range held {
		l.add(who, -n)
	}
	if l.all.Load() != 0 || len(l.by) != 0 {
		t.Errorf("when all is back: got %d in all and %d owners, want none", l.all.Load(), len(l.by))
	}
}

func TestAnOwnerThatIsKnownTakesNoMemoryMore(t *testing.T) {
	var l ledger
	l.add(owner(1), 1)
	allocations := testing.AllocsPerRun(100, func() {
		_ = l.take(owner(1), 10, 1<<20)
		l.add(owner(1), -10)
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}
