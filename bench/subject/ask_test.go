package subject

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestMissingHeaders(t *testing.T) {
	full := "GET /echo HTTP/1.1\r\nhost: h:1\r\nx-real-ip: 127.0.0.1\r\nX-Scheme: http\r\nX-Forwarded-For: 127.0.0.1\r\n" +
		"X-Forwarded-Proto: http\r\nX-Forwarded-Host: h:1\r\n\r\n"
	cases := []struct {
		name string
		head string
		want []string
	}{
		{"all there, in any case", full, nil},
		{"a proxy that adds nothing", "GET /echo HTTP/1.1\r\nHost: h:1\r\n\r\n", []string{
			"X-Real-IP: 127.0.0.1", "X-Scheme: http", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h:1",
		}},
		{"nothing at all", "", []string{
			"Host: h:1", "X-Real-IP: 127.0.0.1", "X-Scheme: http", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http",
			"X-Forwarded-Host: h:1",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := MissingHeaders(c.head, "h:1"); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnAnswerIsABodyOrAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/good" {
			w.WriteHeader(http.StatusBadGateway)
		}
		fmt.Fprint(w, "text")
	}))
	port := server.Listener.Addr().(*net.TCPAddr).Port
	if got, err := Get(context.Background(), port, "/good"); err != nil || got != "text" {
		t.Errorf("got %q and %v, want the body", got, err)
	}
	if _, err := Get(context.Background(), port, "/bad"); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("got %v, want the status", err)
	}
	server.Close()
	if _, err := Get(context.Background(), port, "/good"); err == nil {
		t.Error("nobody listens: got no error")
	}
}
