//go:build !amd64 && !arm64

package entry

// Elsewhere the handler has not been written yet, and CatchAll says so.
func handlerAddress() uintptr  { return 0 }
func restorerAddress() uintptr { return 0 }
func unhook()                  {}

const flagRestorer = 0
