package spool

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// refusal says why there is no room for a body; empty where there is.
type refusal string

// The refusals.
const (
	granted    refusal = ""
	noRoom     refusal = "bodies take all the room that they may (PERCORE_TEMP_SIZE)"
	noShare    refusal = "the client's bodies take its share of the room (PERCORE_TEMP_SIZE)"
	noFile     refusal = "as many bodies are in files as descriptors allow (ulimit -n)"
	noProgress refusal = "the disk is slower than bodies come"
)

// ledger counts what is held, in all and by each owner.
type ledger struct {
	all atomic.Int64 // bytes; written under the mutex

	sync.Mutex // guards by and the writing of all
	by         map[netip.Addr]int64
}

// take counts n bytes more for owner, of bytesMax for all, unless owner would then hold more than would still be free:
// one owner alone gets half, of two each a third, and something is always left for one that comes. The rule is that of
// shared-memory switches (Choudhury and Hahne, "Dynamic queue length thresholds", 1998).
func (l *ledger) take(owner netip.Addr, n, bytesMax int64) refusal {
	l.Lock()
	defer l.Unlock()
	free := bytesMax - l.all.Load()
	switch {
	case n > free:
		return noRoom
	case l.by[owner]+n > free-n:
		return noShare
	}
	l.count(owner, n)
	return granted
}

// add counts n bytes more, or less, whatever the room.
func (l *ledger) add(owner netip.Addr, n int64) {
	if n == 0 {
		return
	}
	l.Lock()
	defer l.Unlock()
	l.count(owner, n)
}

func (l *ledger) count(owner netip.Addr, n int64) {
	if l.by == nil {
		l.by = make(map[netip.Addr]int64)
	}
	l.all.Store(l.all.Load() + n)
	if l.by[owner] += n; l.by[owner] == 0 {
		delete(l.by, owner)
	}
}

// shareOf is the owner that an address stands for.
func shareOf(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	prefix, _ := a.WithZone("").Prefix(64)
	return prefix.Addr()
}
