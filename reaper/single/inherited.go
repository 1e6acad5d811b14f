package single

import (
	"os"
	"strconv"
	"strings"

	"percore/reaper/entry"
)

// Inherit gives what percore was started with; environ is what the runtime shows of the environment. Where the entry
// could not look, it is what the kernel still shows once the runtime has started: of the ignored signals HUP, INT and
// those that stop or continue, and not which of the descriptors 0 to 2 were closed. The mask is that of the thread it
// is called on. In /proc/self it would be the first thread's, which may be the one that os/signal keeps for itself,
// with most signals blocked.
func Inherit(environ []string) entry.Inherited {
	if in, known := entry.Read(); known {
		return in
	}
	return readProc("/proc/thread-self", environ)
}

func readProc(dir string, environ []string) entry.Inherited {
	in := entry.Inherited{Environ: environ}
	if text, err := os.ReadFile(dir + "/environ"); err == nil && len(text) > 0 {
		in.Environ = strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	}
	text, err := os.ReadFile(dir + "/status")
	if err != nil {
		return in
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		switch name {
		case "SigBlk":
			in.Mask, _ = strconv.ParseUint(value, 16, 64)
		case "SigIgn":
			in.Ignored, _ = strconv.ParseUint(value, 16, 64)
		}
	}
	return in
}
