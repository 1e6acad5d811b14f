package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbesAreRetriedFasterThanSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		ok := Until(t.Context(), func(context.Context) error {
			at = append(at, time.Since(start))
			if len(at) == 20 {
				return nil
			}
			return errors.New("not yet")
		})
		if !ok || at[0] != 0 || at[1] != pauseFirst || at[19]-at[18] != PauseMax {
			t.Errorf("attempts: got %v, %v; want 0s, 5ms, … 250ms apart", ok, at)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if Until(ctx, func(context.Context) error { return errors.New("never") }) {
			t.Errorf("a cancelled probe: got success, want none")
		}
	})
}

func TestOneAttemptOnARealPort(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "fine") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/bad", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	tests := []struct {
		name string
		c    Check
		port int
		ok   bool
	}{
		{"a port that accepts", Check{Kind: TCP}, port, true},
		{"a port that refuses", Check{Kind: TCP}, 1, false},
		{"200", Check{Kind: HTTP, Path: "/ok"}, port, true},
		{"302", Check{Kind: HTTP, Path: "/moved"}, port, true},
		{"503", Check{Kind: HTTP, Path: "/bad"}, port, false},
		{"404", Check{Kind: HTTP, Path: "/none"}, port, false},
		{"no answer in time", Check{Kind: HTTP, Path: "/slow"}, port, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wait := time.Minute
			if tt.c.Path == "/slow" {
				wait = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			if err := Dial(ctx, tt.c, net.JoinHostPort("127.0.0.1", strconv.Itoa(tt.port))); (err == nil) != tt.ok {
				t.Errorf("attempt: got error %v, want success %v", err, tt.ok)
			}
		})
	}
}

func TestOnlyTheStatusLineDecides(t *testing.T) {
	for line, ok := range map[string]bool{
		"HTTP/1.1 200": true, "HTTP/1.0 204": true, "HTTP/1.1 308": true, "HTTP/1.1 100": false, "HTTP/1.1 500": false,
		"HTTP/2.0 200": false, "SSH-2.0-Open": false, "HTTP/1.12000": false,
	} {
		if err := checkStatus(line); (err == nil) != ok {
			t.Errorf("checkStatus(%q): got %v, want success %v", line, err, ok)
		}
	}
}

// TestAnAnswerThatIsCutIsNone has servers that speak a part of a status line, or too much of something else.
func TestAnAnswerThatIsCutIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		ok     bool
	}{
		"nothing":                   {"", false},
		"a part":                    {"HTTP/1.1 20", false},
		"as much as decides":        {"HTTP/1.1 200", true},
		"a body without end":        {"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1<<16), true},
		"another protocol":          {"220 mail.example.org ESMTP\r\n", false},
		"an interim response":       {"HTTP/1.1 100 Continue\r\n\r\n", false},
		"a status of two digits":    {"HTTP/1.1 20\r\n\r\n", true}, // the class is what decides
		"a space that is not there": {"HTTP/1.1200 OK\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, c.answer)
				_ = conn.Close()
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := Dial(ctx, Check{Kind: HTTP, Path: "/"}, listener.Addr().String()); (err == nil) != c.ok {
				t.Errorf("got %v, want success: %v", err, c.ok)
			}
		})
	}
}

func TestAProbeThatIsCalledOffEndsAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, and nothing answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := Dial(ctx, Check{Kind: HTTP, Path: "/"}, listener.Addr().String()); err == nil { // or it waits for ever
		t.Error("got no error, want one")
	}
}
