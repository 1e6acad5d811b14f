package subject

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
)

// ReverseProxy is net/http's ReverseProxy: bench/reverseproxy. Untuned it is what a first attempt in Go gets; one row
// is enough to show it.
func ReverseProxy(tuned bool) Subject {
	s := Subject{
		Name: "net/http",
		Launch: func(ctx context.Context, in Place, s Setup) (Launch, error) {
			return launchReverseProxy(ctx, in, s, tuned)
		},
		Version: func(context.Context) string {
			return "net/http/httputil.ReverseProxy, tuned: " + strconv.FormatBool(tuned) + " (bench/reverseproxy)"
		},
		Roles:   everything,
		Mallocs: mallocs,
	}
	if !tuned {
		s.Name, s.Only = "net/http untuned", []string{"1k-64"}
	}
	return s
}

func launchReverseProxy(ctx context.Context, in Place, s Setup, tuned bool) (Launch, error) {
	binary := filepath.Join(in.Dir, "reverseproxy")
	if err := build(ctx, binary, "percore/bench/reverseproxy"); err != nil {
		return Launch{}, err
	}
	return Launch{Argv: []string{
		binary, "-listen", "127.0.0.1:" + strconv.Itoa(s.Port), "-upstream", s.upstream(), "-tuned=" + strconv.FormatBool(tuned),
	}}, nil
}

// mallocs asks a reverse proxy how many objects it has allocated so far.
func mallocs(ctx context.Context, port int) (int64, error) {
	text, err := Get(ctx, port, "/.mallocs")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
}
