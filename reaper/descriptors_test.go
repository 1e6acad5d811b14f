package reaper

import (
	"os"
	"syscall"
	"testing"
)

func TestInheritedDescriptorsAreSealedWithAndWithoutTheNewCall(t *testing.T) {
	for name, seal := range map[string]func() error{
		"close_range":   sealDescriptors,
		"/proc/self/fd": func() error { return sealByProc("/proc/self/fd") },
	} {
		fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := seal(); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
			t.Errorf("%s: got descriptor flags %#x (%v), want FD_CLOEXEC", name, flags, errno)
		}
		syscall.Close(fd)
	}
	if err := sealByProc("/no/such/dir"); err == nil {
		t.Errorf("no /proc: got success, want an error")
	}
}
