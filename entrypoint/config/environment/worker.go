package environment

import (
	"slices"
	"strings"
)

// ForWorkers is the environment that workers start from: the one percore was given, in os.Environ's form, less what
// is not theirs. Left out are
//   - WEB_CONCURRENCY, which percore has acted upon: each worker would fork as many processes again;
//   - the variables that are secrets, and the names of the files that hold them;
//   - PORT, PERCORE_SOCKET, PERCORE_WORKER_INDEX, PERCORE_WORKER_NAME and PERCORE_WORKER_MARK, which each worker gets
//     from its own percore;
//   - PERCORE_ROLE and PERCORE_LINK_*, which are between PID 1 and the front door;
//   - LISTEN_*, NOTIFY_SOCKET and WATCHDOG_*, by which systemd speaks to percore and not to its children (man 3
//     sd_listen_fds, sd_notify, sd_watchdog_enabled).
//
// The value that a _FILE name supplied is never put into it.
func ForWorkers(environ, secrets []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		isSecret := slices.ContainsFunc(secrets, func(s string) bool { return name == s || name == s+FileSuffix })
		return IsPrivate(name) || isWorkers(name) || isPercoresOwn(name) || isSecret
	})
}

// isPercoresOwn reports whether a name without percore's prefix was meant for percore itself.
func isPercoresOwn(name string) bool {
	switch name {
	case "WEB_CONCURRENCY", "PORT",
		"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID":
		return true
	default:
		return false
	}
}
