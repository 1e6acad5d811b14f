// Package catch reads the signals that package entry catches, as they came: real-time signals one by one and with the
// value they carry, faults that were sent by kill, PROF and SIGURG too.
//
// One reader sleeps in read(2) and needs no poller, no goroutine and no thread beside it; nothing wakes up when
// nothing happens. The Catcher belongs to that reader. Begin with Next in catch.go.
package catch
