package lbproxy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
)

// accessLines waits for n lines of the access log.
func (r *rig) accessLines(n int) []string {
	r.t.Helper()
	eventually(r.t, "the access log's lines", func() bool { return strings.Count(r.access.String(), "\n") >= n })
	return strings.Split(strings.TrimSuffix(r.access.String(), "\n"), "\n")
}

// hostile is a request whose logged parts try to end strings and lines. The codec refuses control characters, so the
// worst that passes are quotes, backslashes and bytes that are no UTF-8.
const hostile = "GET /a\"b\\c?<d> HTTP/1.1\r\nHost: x\r\nUser-Agent: \"\\ \xff\xc3\x28 \xe2\x80\xa8\t\r\nReferer: \\\"}\x80\r\n\r\n"

func TestTheCombinedAccessLog(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.Combined })
	r.workers(newStub(t, constant("hello")).address)
	c := r.client()
	c.do("GET /path?q=1 HTTP/1.1\r\nHost: x\r\nReferer: http://r/\r\nUser-Agent: test/1\r\n\r\n").want(t, 200, "hello")
	c.do(hostile).want(t, 200, "hello")
	c.do("HEAD / HTTP/1.0\r\n\r\n")
	const stamp = `127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] `
	wants := []string{
		`^` + stamp + `"GET /path\?q=1 HTTP/1\.1" 200 5 "http://r/" "test/1"$`,
		`^` + stamp + `"GET /a\\"b\\\\c\?<d> HTTP/1\.1" 200 5 "\\\\\\"}\\u0080" "\\"\\\\ \\u00ff\\u00c3\( \\u00e2\\u0080\\u00a8"$`,
		`^` + stamp + `"HEAD / HTTP/1\.0" 200 0 "-" "-"$`,
	}
	for i, line := range r.accessLines(len(wants)) {
		if !regexp.MustCompile(wants[i]).MatchString(line) {
			t.Errorf("line %d: got %s\nwant %s", i, line, wants[i])
		}
	}
}

// jsonLine is the access log's object.
type jsonLine struct {
	Time, Level, Msg, Process, Worker, Err string

	PID       int
	Client    string   `json:"client.address"`
	Peer      string   `json:"network.peer.address"`
	Method    string   `json:"http.request.method"`
	Scheme    string   `json:"url.scheme"`
	Path      string   `json:"url.path"`
	Query     *string  `json:"url.query"`
	Version   string   `json:"network.protocol.version"`
	Host      string   `json:"server.address"`
	Port      *int     `json:"server.port"`
	Referer   []string `json:"http.request.header.referer"`
	UA        string   `json:"user_agent.original"`
	Status    int      `json:"http.response.status_code"`
	ReqBytes  int64    `json:"http.request.body.size"`
	RespBytes int64    `json:"http.response.body.size"`
	MS        float64  `json:"duration_ms"`
	Head      *float64 `json:"percore.head_seconds"`
	Connect   *float64 `json:"percore.connect_seconds"`
	First     *float64 `json:"percore.first_byte_seconds"`
	Queue     *float64 `json:"percore.queue_seconds"`
	Retries   *int     `json:"retries"`
	Statuses  []int    `json:"percore.upstream_status"`
	Reused    bool     `json:"percore.connection_reused"`
	Reason    string   `json:"percore.reason"`
	Side      string   `json:"percore.side"`
	RequestID string   `json:"request_id"`
}

// target is what the request line had.
func (l *jsonLine) target() string {
	if l.Query == nil {
		return l.Path
	}
	return l.Path + "?" + *l.Query
}

func TestTheJSONAccessLog(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON; o.Services[0].Balance = balance.RoundRobin })
	good := newStub(t, constant("hello"))
	r.workers(good.address, refusing(t))
	c := r.client()
	c.do("POST /p?q HTTP/1.1\r\nHost: example.org:81\r\nContent-Length: 3\r\nUser-Agent: t\r\n\r\nabc").want(t, 200, "hello")
	c.do(hostile).want(t, 200, "hello")
	c.send("nonsense\r\n\r\n")
	c.read("GET").want(t, 400, "~400 Bad Request")
	var got []jsonLine
	for _, line := range r.accessLines(3) {
		var j jsonLine
		if err := json.Unmarshal([]byte(line), &j); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		got = append(got, j)
	}
	p := got[0]
	if p.Msg != "request" || p.Level != "INFO" || p.Process != "percore:front" {
		t.Errorf("schema: got %+v, want the members of every line of percore", p)
	}
	if p.Client != "127.0.0.1" || p.Method != "POST" || p.Scheme != "http" || p.Path != "/p" || *p.Query != "q" ||
		p.Version != "1.1" || p.Host != "example.org" || *p.Port != 81 || p.UA != "t" {
		t.Errorf("request: got %+v, want what was sent", p)
	}
	if p.Status != 200 || p.ReqBytes != 3 || p.RespBytes != 5 || *p.Retries != 1 || p.Worker != "workers:worker-0" || p.PID != 100 || p.MS < 0 || p.MS > 5000 {
		t.Errorf("answer: got %+v, want 200, 3 bytes up, 5 down, 1 retry, worker-0", p)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", p.Time); err != nil {
		t.Errorf("time: %v", err)
	}
	if h := got[1]; h.Path != `/a"b\c` || *h.Query != "<d>" || h.Port != nil || h.Referer[0] != "\\\"}\u0080" || !strings.HasPrefix(h.UA, "\"\\ \u00ff") {
		t.Errorf("hostile request: got %+v, want every byte readable", h)
	}
	if p.Peer != "127.0.0.1" || !slices.Equal(p.Statuses, []int{502, 200}) || p.Reused || p.Head == nil || p.Connect == nil || p.First == nil {
		t.Errorf("way: got %+v, want both tries, a fresh connection, and every time", p)
	}
	if h := got[1]; !h.Reused || h.Connect != nil || h.Reason != "" || h.Err != "" || h.Side != "" || h.RequestID != "" {
		t.Errorf("second request: got %+v, want a kept connection, nothing that failed, and no id", h)
	}
	if b := got[2]; b.Err != "request line without HTTP version" && b.Err != "malformed request line" || b.Reason != "bad_request" || b.Side != "downstream" {
		t.Errorf("bad request: got %q, %q on side %q, want the codec's words", b.Reason, b.Err, b.Side)
	}
	if b := got[2]; b.Status != 400 || b.Method != "" || b.Worker != "" || b.Retries != nil {
		t.Errorf("bad request: got %+v, want 400 and nothing of a request", b)
	}
}

func TestTheJSONAccessLogTellsWaitsAndAborts(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON })
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	time.Sleep(20 * time.Millisecond)
	s := newStub(t, func(q *stubRequest) bool {
		if q.path() == "/" {
			return q.ok("ok")
		}
		return silent(q)
	})
	r.workers(s.address)
	c.read("GET").want(t, 200, "ok")
	gone := r.client().send("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "the worker has it", func() bool { return s.requests.Load() == 2 })
	gone.Close()
	var first, second jsonLine
	lines := r.accessLines(2)
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Queue == nil || *first.Queue < 0.01 {
		t.Errorf("line: got %s and %v, want a queue time of 10 ms and more", lines[0], err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &second); err != nil || second.Status != 499 ||
		second.Path != "/gone" || second.Reason != "client_left" || second.Err != "the client left" || second.Side != "downstream" {
		t.Errorf("line: got %s and %v, want status 499", lines[1], err)
	}
}

func TestWhichRequestsLeaveALine(t *testing.T) {
	tests := []struct {
		name    string
		share   float64
		exclude []string
		want    []string
	}{
		{"all", 1, nil, []string{"/a", "/healthz?x=1", "/static/b", "/static", "/bad", "/a", "/a", "/a"}},
		{"all but some paths", 1, []string{"/healthz", "/static/"}, []string{"/a", "/static", "/bad", "/a", "/a", "/a"}},
		{"a half", 0.5, nil, []string{"/healthz?x=1", "/static", "/bad", "/a"}},
		{"a half, but for some paths", 0.5, []string{"/healthz", "/static/"}, []string{"/static", "/bad", "/a"}},
		{"errors only", 0, nil, []string{"/bad"}},
		{"an excluded path in trouble", 1, []string{"/"}, []string{"/bad"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				o.AccessLog, o.AccessLogSample, o.AccessLogExclude = accesslog.JSON, test.share, test.exclude
			})
			r.workers(newStub(t, func(q *stubRequest) bool {
				if q.path() == "/bad" {
					return q.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				}
				return q.ok("")
			}).address)
			c := r.client()
			for _, target := range []string{"/a", "/healthz?x=1", "/static/b", "/static", "/bad", "/a", "/a", "/a"} {
				c.do("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")
			}
			var got []string
			for _, line := range r.accessLines(len(test.want)) {
				var l jsonLine
				if err := json.Unmarshal([]byte(line), &l); err != nil {
					t.Fatal(err)
				}
				got = append(got, l.target())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("lines: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestALineIsBoundedWhateverAClientSays(t *testing.T) {
	for _, format := range []accesslog.Form{accesslog.Combined, accesslog.JSON} {
		t.Run(string(format), func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.AccessLog = format })
			r.workers(newStub(t, constant("ok")).address)
			c := r.client()
			long := strings.Repeat("\xff", 3000)
			request := fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: %s\r\nReferer: %s\r\nUser-Agent: %s\r\nX-Request-ID: %s\r\n\r\n",
				strings.Repeat(`\`, 3000), strings.Repeat("h", 3000), long, long, long)
			c.do(request).want(t, 200, "ok")
			if line := r.accessLines(1)[0]; len(line) > 20<<10 || len(line) < 10<<10 {
				t.Errorf("line: got %d bytes, want what is worth having and no more than 20 KiB", len(line))
			}
		})
	}
}

func TestTheJSONAccessLogHasTheRequestsIDAndWhoForwardedIt(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON; trusting("127.0.0.1/32")(o) })
	r.workers(newStub(t, constant("ok")).address)
	r.client().do("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\"b\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n").want(t, 200, "ok")
	var got jsonLine
	if err := json.Unmarshal([]byte(r.accessLines(1)[0]), &got); err != nil || got.RequestID != `a"b` || got.Client != "203.0.113.9" || got.Peer != "127.0.0.1" {
		t.Errorf("line: got %+v and %v, want the id, the client, and which proxy forwarded it", got, err)
	}
}

// TestAPauseOfTheLogsReaderCostsNoLines has one request after the other, so that each line is the only one of its
// turn, while the log's reader pauses: the lines are far fewer than the 2 MB that docs/limits.md says may be on their
// way out.
func TestAPauseOfTheLogsReaderCostsNoLines(t *testing.T) {
	const requests = 500
	r := newRig(t, func(o *Options) { o.AccessLog = accesslog.JSON })
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	release := r.access.Hold()
	for range requests {
		c.do(getRequest)
	}
	release()
	lines := func() int { return strings.Count(r.access.String(), "\n") }
	eventually(t, "the reader has caught up", func() bool {
		return lines() == requests || strings.Contains(r.log.String(), "access log lines dropped")
	})
	if n := lines(); n != requests {
		t.Errorf("lines: got %d, want all %d", n, requests)
	}
}
