package flood

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace of its own, which lives until it is closed and no process is in it.
type Namespace struct{ file, home *os.File }

const threadNamespace = "/proc/thread-self/ns/net"

// NewNamespace makes a network namespace whose loopback device is up. It takes root.
func NewNamespace() (*Namespace, error) {
	runtime.LockOSThread()
	n := &Namespace{}
	err := n.enterNew()
	if backErr := n.leave(); backErr != nil {
		return nil, backErr
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("make network namespace: %w", err)
	}
	return n, n.Run("ip", "link", "set", "lo", "up")
}

func (n *Namespace) enterNew() (err error) {
	if n.home, err = os.Open(threadNamespace); err != nil {
		return err
	}
	if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	n.file, err = os.Open(threadNamespace)
	return err
}

// leave goes home. A thread that cannot is never used for anything else: it stays locked.
func (n *Namespace) leave() error {
	if n.home == nil {
		return nil
	}
	if err := unix.Setns(int(n.home.Fd()), unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	runtime.UnlockOSThread()
	return nil
}

// Do runs f in the namespace, with what it opens and starts.
func (n *Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	err := f()
	if backErr := n.leave(); backErr != nil {
		return backErr
	}
	return err
}

// Run runs a command in the namespace.
func (n *Namespace) Run(command ...string) error {
	return n.Do(func() error {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%q: %w: %s", command, err, out)
		}
		return nil
	})
}

// Socket opens a TCP socket in the namespace, which every thread can use.
func (n *Namespace) Socket(family int) (fd int, err error) {
	err = n.Do(func() error {
		fd, err = Socket(family)
		return err
	})
	return fd, err
}

// Close forgets the namespace.
func (n *Namespace) Close() {
	for _, f := range []*os.File{n.file, n.home} {
		if f != nil {
			_ = f.Close()
		}
	}
}
