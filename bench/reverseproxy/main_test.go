package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestTheWorkerSeesWhoAsks(t *testing.T) {
	worker := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names := []string{"X-Real-IP", "X-Scheme", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"}
		for _, name := range names {
			_, _ = io.WriteString(w, r.Header.Get(name)+" ")
		}
		_, _ = io.WriteString(w, r.Host)
	})
	tcp := httptest.NewServer(worker)
	defer tcp.Close()
	path := filepath.Join(t.TempDir(), "worker.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	unix := httptest.NewUnstartedServer(worker)
	unix.Listener = l
	unix.Start()
	defer unix.Close()
	for _, upstream := range []string{strings.TrimPrefix(tcp.URL, "http://"), path} {
		for _, tuned := range []bool{false, true} {
			front := httptest.NewServer(newHandler(upstream, tuned))
			host := strings.TrimPrefix(front.URL, "http://")
			if got, want := fetch(t, front.URL), "127.0.0.1 http 127.0.0.1 http "+host+" "+host; got != want {
				t.Errorf("%s, tuned %v: got %q, want %q", upstream, tuned, got, want)
			}
			if n, err := strconv.Atoi(fetch(t, front.URL+mallocsPath)); n < 1 || err != nil {
				t.Errorf("allocations: got %d, %v; want a number", n, err)
			}
			front.Close()
		}
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBadArgumentsAreAnError(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"-listen", "nowhere:99999"}} {
		if err := run(args); err == nil {
			t.Errorf("%q: got no error, want one", args)
		}
	}
}
