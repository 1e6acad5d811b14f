//go:build !amd64 && !arm64

package entry

// Elsewhere nobody has written the handler yet, and CatchAll says so.
func handlerAddress() uintptr  { return 0 }
func restorerAddress() uintptr { return 0 }
func unhook()                  {}

const flagRestorer = 0
