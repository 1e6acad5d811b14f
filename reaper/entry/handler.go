//go:build amd64 || arm64

package entry

// handlerAddress gives the address of the handler, written in assembly.
func handlerAddress() uintptr

// unhook ends that the runtime only believes to have installed its handlers.
func unhook()

// restorerAddress gives the address of the return from a handler; 0 where the kernel brings its own.
func restorerAddress() uintptr
