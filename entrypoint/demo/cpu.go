package demo

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// currentCPU returns the CPU the caller runs on (man 2 getcpu), -1 when the kernel does not say. It may have moved
// by the time the caller looks.
func currentCPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}
