package pid1

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"percore/e2e/load"
	"percore/e2e/rig"
)

func TestRequestsBeyondTheLimitsAreRefusedPolitely(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_CLIENT_MAX_BODY_SIZE": "1KB", "PERCORE_CLIENT_HEADER_TIMEOUT": "2"}, serveCommand()...)
	s.AwaitReady(1)
	for _, test := range []struct {
		name, request string
		want          int
	}{
		{"a body that is announced too large", "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", 413},
		{
			"a body that grows too large",
			"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("401\r\n%s\r\n0\r\n\r\n", strings.Repeat("x", 0x401)),
			413,
		},
		{"a body of just the limit", "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024), 200},
		{"a head that stops coming", "GET / HTTP/1.1\r\nHost: a\r\n", 408},
		{"no HTTP at all", "hello\r\n\r\n", 400},
		{"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		{"a length beside chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"a head too large", "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := s.Connect()
			if _, err := io.WriteString(conn, test.request); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if want := fmt.Sprintf("HTTP/1.1 %d ", test.want); err != nil || !strings.HasPrefix(string(answer), want) {
				t.Errorf("got %.200q, %v, want %q and the end of the stream", answer, err, want)
			}
		})
	}
	if got := s.Body("/"); greeting([]byte(got)) != nil {
		t.Errorf("got %q afterwards, want the worker unharmed", got)
	}
}

func TestTheAccessLogHasALineForEachRequest(t *testing.T) {
	for _, test := range []struct {
		format string
		check  func(string) bool
	}{
		{
			"combined",
			regexp.MustCompile(`^127\.0\.0\.1 - - \[[^\]]+\] "GET /page\?a=%22b HTTP/1\.1" 200 \d+ "http://ref\.example/" "agent \\?x?2?2?.*"$`).MatchString,
		},
		{"json", func(text string) bool {
			var entry map[string]any
			return json.Unmarshal([]byte(text), &entry) == nil && entry["msg"] == "request" &&
				entry["url.path"] == "/page" && entry["url.query"] == "a=%22b" &&
				entry["http.response.status_code"] == 200.0
		}},
	} {
		t.Run(test.format, func(t *testing.T) {
			s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_ACCESS_LOG": test.format}, serveCommand()...)
			s.AwaitReady(1)
			s.Body("/page?a=%22b", "Referer: http://ref.example/", `User-Agent: agent "quoted"`)
			var lines []rig.Line
			s.Await("the access line", func() bool {
				lines = s.All(func(l rig.Line) bool { return l.Stdout && strings.Contains(l.Text, "/page") })
				return len(lines) > 0
			})
			if len(lines) != 1 || !test.check(lines[0].Text) {
				t.Errorf("got %v, want one line in the format %s", lines, test.format)
			}
		})
	}
}

func TestAPOSTThatKillsItsWorkerIsNotRepeated(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, serveCommand()...)
	s.AwaitReady(2)
	request := s.Get("/die")
	request.Method, request.Body, request.Status, request.Timeout = http.MethodPost, []byte("x"), http.StatusBadGateway, rig.Patience
	if got := load.Once(request); got.OK() != 1 {
		t.Errorf("got %v, want 502", got)
	}
	s.Await("the end of the worker", func() bool { return len(s.WorkerLines("worker ended")) > 0 })
	if got := len(s.WorkerLines("worker ended")); got != 1 {
		t.Errorf("got %d workers killed, want 1", got)
	}
}
