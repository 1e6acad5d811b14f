package balance

import (
	"fmt"
	"testing"
)

// BenchmarkChoose is what a request costs that finds a place at once, and gives it back.
func BenchmarkChoose(b *testing.B) {
	for _, method := range allMethods() {
		for _, backends := range []int{4, 64} {
			b.Run(fmt.Sprintf("%s, %d backends", method, backends), func(b *testing.B) {
				table, chooser := warmTable(b, backends), newBalancer(method, 0)
				var w Waiter
				for b.Loop() {
					chooser.Choose(table, &w, 1<<40).Release()
				}
			})
		}
	}
}

// BenchmarkWait is what it costs to wait for a place, to get one from another request that ends, and to give it back.
func BenchmarkWait(b *testing.B) {
	table, chooser := warmTable(b, 1), newBalancer(LeastConn, 1)
	chooser.service.Use(table)
	first := table.At(0)
	first.claim(0)
	var w Waiter
	for b.Loop() {
		chooser.Enter(&w, 1, 1<<40)
		first.Release()
		chooser.Serve(1 << 40)
		if got, place := chooser.box.Next(); got != &w || place != first {
			b.Fatalf("got %v and %v, want the one that waits and its place", got, place)
		}
	}
}

// warmTable makes a table of backends that have been up for long.
func warmTable(tb testing.TB, n int) *Table {
	tb.Helper()
	states := make([]State, n)
	for i := range states {
		states[i] = Up
	}
	table := tableOf(tb, states...)
	for _, backend := range table.backends {
		backend.condition.Store(conditionWell)
	}
	return table
}
