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

// TestBodiesPassBothWays, larger than any buffer on the way.
func TestBodiesPassBothWays(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all, _ := io.ReadAll(r.Body) // before the first byte goes back: net/http is not full duplex by itself
		_, _ = w.Write(all)
	}))
	defer echo.Close()
	body := strings.Repeat("0123456789abcdef", 20_000)
	for _, tuned := range []bool{false, true} {
		front := httptest.NewServer(newHandler(strings.TrimPrefix(echo.URL, "http://"), tuned))
		for range 3 { // the pool's buffers come back
			response, err := http.Post(front.URL, "text/plain", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || string(got) != body {
				t.Errorf("tuned %v: got %d bytes and %v, want the %d that were sent", tuned, len(got), err, len(body))
			}
		}
		front.Close()
	}
}

func TestAWorkerThatIsNotThereIsABadGateway(t *testing.T) {
	front := httptest.NewServer(newHandler(filepath.Join(t.TempDir(), "none.sock"), true))
	defer front.Close()
	response, err := http.Get(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d, want %d", response.StatusCode, http.StatusBadGateway)
	}
}

func TestBuffersHaveTheirSize(t *testing.T) {
	pool := newBufferPool(4096)
	for range 10 {
		b := pool.Get()
		if len(b) != 4096 {
			t.Fatalf("got %d bytes, want 4096", len(b))
		}
		pool.Put(b)
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	if err := run([]string{"-listen", taken.Listener.Addr().String()}); err == nil || !strings.HasPrefix(err.Error(), "listen: ") {
		t.Errorf("got %v, want that it cannot listen", err)
	}
}
