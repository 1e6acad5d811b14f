// Package trial has what the tests of several rooms need and no room owns: a buffer that is read while it is written,
// and places for unix sockets. No binary links it.
package trial

import (
	"bytes"
	"net"
	"os"
	"sync"
	"testing"
)

// Buffer is a writer that a test reads while others write. The zero value is empty.
type Buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write appends; the error is always nil.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written since the last Reset.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Reset forgets what was written.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

// Hold makes all writers wait until release is called, as a pipe does whose reader pauses.
func (b *Buffer) Hold() (release func()) {
	b.mu.Lock()
	return b.mu.Unlock
}

// SocketDir is a folder for unix sockets, which is gone when the test is over. A socket's path has 107 bytes at most
// (man 7 unix), and t.TempDir has the test's name in it.
func SocketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// LeaveSocket makes a socket from which no process accepts, as a dead server leaves it.
func LeaveSocket(t testing.TB, path string) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}
