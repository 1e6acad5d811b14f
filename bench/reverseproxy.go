package main

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
)

// reverseProxySubject is net/http's ReverseProxy: bench/reverseproxy. Untuned it is what a first attempt in Go gets; one row
// is enough to show it.
func reverseProxySubject(tuned bool) subject {
	s := subject{
		name: "net/http",
		launch: func(ctx context.Context, l *lab, s setup) (launch, error) {
			return launchReverseProxy(ctx, l, s, tuned)
		},
		version: func(context.Context) string {
			return "net/http/httputil.ReverseProxy, tuned: " + strconv.FormatBool(tuned) + " (bench/reverseproxy)"
		},
		roles:   everything,
		mallocs: mallocs,
	}
	if !tuned {
		s.name, s.only = "net/http untuned", []string{requiredRow}
	}
	return s
}

func launchReverseProxy(ctx context.Context, l *lab, s setup, tuned bool) (launch, error) {
	binary := filepath.Join(l.dir, "reverseproxy")
	if err := buildGo(ctx, binary, "percore/bench/reverseproxy"); err != nil {
		return launch{}, err
	}
	return launch{argv: []string{
		binary, "-listen", "127.0.0.1:" + strconv.Itoa(s.port), "-upstream", s.upstream(), "-tuned=" + strconv.FormatBool(tuned),
	}}, nil
}

// mallocs asks a reverse proxy how many objects it has allocated so far.
func mallocs(ctx context.Context, port int) (int64, error) {
	text, err := get(ctx, port, "/.mallocs")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
}
