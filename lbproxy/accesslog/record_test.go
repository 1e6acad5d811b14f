package accesslog

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// headOf parses a request and takes down what the log needs of it.
func headOf(t testing.TB, w *Writer, request string) Head {
	t.Helper()
	var r http1.Request
	if n, err := r.Parse([]byte(request), 0, http1.DefaultLimits); n == 0 || err != nil {
		t.Fatalf("%q: got %d bytes and error %v", request, n, err)
	}
	excerpt := w.Excerpt(&r)
	head := excerpt.CopyTo(make([]byte, 0, excerpt.Size()))
	if len(head.Buffer()) != excerpt.Size() {
		t.Errorf("%q: got a copy of %d bytes, want the %d that were said", request, len(head.Buffer()), excerpt.Size())
	}
	return head
}

func peer(address string) client.Peer { return client.FromAddrPort(netip.MustParseAddrPort(address)) }

// newTestWriter makes a writer whose lines stay in it.
func newTestWriter(form Form) *Writer {
	w := NewWriter(NewLog(nil, slog.New(slog.DiscardHandler)))
	w.Configure(form, 1, nil)
	return w
}

// whole is a record with everything in it.
func whole(t testing.TB, w *Writer) Record {
	const request = "POST /p/a?q=1 HTTP/1.1\r\nHost: example.org:81\r\nReferer: http://r/\r\n" +
		"User-Agent: test/1\r\nX-Request-ID: i1\r\nContent-Length: 3\r\n\r\n"
	return Record{
		Head: headOf(t, w, request), Client: peer("203.0.113.9:1"), Peer: peer("10.0.0.1:2"), Minor: 1, HTTPS: true,
		Status: 502, RequestBytes: 3, ResponseBytes: 70, HeldRequest: 2, HeldResponse: 68,
		Times: Times{
			Total: 1_234_567, Head: 1_000, Receive: 4_000_000, Queue: 2_000_000, Connect: 3_000, FirstByte: time.Second,
			Send: 30 * time.Second,
		},
		Tries:  Tries{Worker: "web:web-1", PID: 42, Count: 2, Statuses: [TriesNoted]uint16{504, 502}, Reused: true},
		Reason: "worker_closed", Side: "upstream", Err: "the worker closed the connection before it answered",
	}
}

// never are the times of a request that had none of their parts.
var never = Times{Head: Never, Receive: Never, Queue: Never, Connect: Never, FirstByte: Never, Send: Never}

// bare is a record of a client that has said nothing that makes sense.
func bare() Record {
	return Record{
		Client: peer("127.0.0.1:1"), Peer: peer("127.0.0.1:1"), Status: 400,
		Times:  never,
		Reason: "bad_request", Side: "downstream", Err: "malformed request",
	}
}

// lineOf writes a record and takes the moment out of its line.
func lineOf(t *testing.T, w *Writer, r Record, before, after string) string {
	t.Helper()
	w.Write(&r)
	line := string(w.b)
	w.b, w.lines = w.b[:0], 0
	start, rest, ok := strings.Cut(line, before)
	_, end, ended := strings.Cut(rest, after)
	if !ok || !ended {
		t.Fatalf("got %q, want a moment between %q and %q", line, before, after)
	}
	return start + before + after + end
}

func TestAJSONLineHasWhatTheRecordHas(t *testing.T) {
	w := newTestWriter(JSON)
	const want = `{"time":"","level":"INFO","msg":"request","process":"percore:front",` +
		`"client.address":"203.0.113.9","network.peer.address":"10.0.0.1",` +
		`"http.request.method":"POST","url.scheme":"https","url.path":"/p/a","url.query":"q=1",` +
		`"network.protocol.version":"1.1","server.address":"example.org","server.port":81,` +
		`"http.request.header.referer":["http://r/"],"user_agent.original":"test/1",` +
		`"http.response.status_code":502,"http.request.body.size":3,"http.response.body.size":70,` +
		`"percore.held_request_bytes":2,"percore.held_response_bytes":68,` +
		`"duration_ms":1.234,"percore.head_seconds":0.000001,"percore.receive_seconds":0.004000,"percore.queue_seconds":0.002000,` +
		`"percore.connect_seconds":0.000003,"percore.first_byte_seconds":1.000000,"percore.send_seconds":30.000000,` +
		`"worker":"web:web-1","pid":42,"retries":1,"percore.upstream_status":[504,502],` +
		`"percore.connection_reused":true,"percore.reason":"worker_closed","percore.side":"upstream",` +
		`"err":"the worker closed the connection before it answered","request_id":"i1"}` + "\n"
	if got := lineOf(t, w, whole(t, w), `{"time":"`, `","level`); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAJSONLineLeavesOutWhatTheRecordHasNot(t *testing.T) {
	w := newTestWriter(JSON)
	const want = `{"time":"","level":"INFO","msg":"request","process":"percore:front",` +
		`"client.address":"127.0.0.1","network.peer.address":"127.0.0.1",` +
		`"http.request.method":"","url.scheme":"http","url.path":"","server.address":"",` +
		`"http.response.status_code":400,"http.request.body.size":0,"http.response.body.size":0,"duration_ms":0.000,` +
		`"percore.reason":"bad_request","percore.side":"downstream","err":"malformed request"}` + "\n"
	if got := lineOf(t, w, bare(), `{"time":"`, `","level`); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestALineTellsOnlyOfTheDirectionThatWasHeldInAFile(t *testing.T) {
	w := newTestWriter(JSON)
	for _, held := range [][2]int64{{0, 0}, {5, 0}, {0, 7}} {
		r := bare()
		r.HeldRequest, r.HeldResponse = held[0], held[1]
		line := lineOf(t, w, r, `{"time":"`, `","level`)
		for i, name := range []string{`"percore.held_request_bytes"`, `"percore.held_response_bytes"`} {
			if got := strings.Contains(line, name); got != (held[i] > 0) {
				t.Errorf("held %v: got %s in the line: %t", held, name, got)
			}
		}
	}
}

func TestACombinedLine(t *testing.T) {
	w := newTestWriter(Combined)
	for _, test := range []struct {
		record Record
		want   string
	}{
		{whole(t, w), `203.0.113.9 - - [] "POST /p/a?q=1 HTTP/1.1" 502 70 "http://r/" "test/1"` + "\n"},
		{bare(), `127.0.0.1 - - [] "" 400 0 "-" "-"` + "\n"},
	} {
		if got := lineOf(t, w, test.record, " - - [", `] "`); got != test.want {
			t.Errorf("got  %swant %s", got, test.want)
		}
	}
}

// TestEveryLineIsJSON writes records with parts left out, one after the other and in pairs.
func TestEveryLineIsJSON(t *testing.T) {
	w := newTestWriter(JSON)
	drops := []func(*Record){
		func(r *Record) { r.Head = Head{} },
		func(r *Record) { r.Tries = Tries{} },
		func(r *Record) { r.Tries.Worker, r.Tries.PID = "", 0 },
		func(r *Record) { r.HeldRequest, r.HeldResponse = 0, 0 },
		func(r *Record) { r.Tries.Count = 100 }, // more than are noted
		func(r *Record) { r.Times = never },
		func(r *Record) { r.Reason, r.Side, r.Err = "", "", "" },
		func(r *Record) { r.Client, r.Peer = client.Peer{}, client.Peer{} },
		func(r *Record) { r.Times.Total = -time.Hour },
	}
	for i := range drops {
		for j := range drops {
			r := whole(t, w)
			drops[i](&r)
			drops[j](&r)
			w.Write(&r)
			var line map[string]any
			if err := json.Unmarshal(w.b, &line); err != nil || line["msg"] != "request" {
				t.Errorf("without %d and %d: got %s, which reads as %v (%v)", i, j, w.b, line, err)
			}
			w.b = w.b[:0]
		}
	}
}

func TestWhatAClientSaysIsCut(t *testing.T) {
	w := newTestWriter(JSON)
	long := func(c string) string { return strings.Repeat(c, 3000) }
	request := "GET /" + long("t") + " HTTP/1.1\r\nHost: " + long("h") + "\r\nReferer: " + long("r") +
		"\r\nUser-Agent: " + long("u") + "\r\nX-Request-ID: " + long("i") + "\r\n\r\n"
	head := headOf(t, w, request)
	for name, part := range map[string]struct {
		got  []byte
		want int
	}{
		"method":     {head.method(), len("GET")},
		"target":     {head.target(), loggedTargetBytes},
		"host":       {head.host(), loggedHostBytes},
		"referer":    {head.referer(), loggedFieldBytes},
		"user agent": {head.userAgent(), loggedFieldBytes},
		"id":         {head.id(), loggedIDBytes},
	} {
		if len(part.got) != part.want {
			t.Errorf("%s: got %d bytes, want %d", name, len(part.got), part.want)
		}
	}
	if n := len(head.Buffer()); n > 4<<10 {
		t.Errorf("the copy: got %d bytes, want it to fit one of the smallest buffers", n)
	}
}

func TestAHeadIsACopy(t *testing.T) {
	w := newTestWriter(JSON)
	b := []byte("GET /path HTTP/1.1\r\nHost: example.org\r\n\r\n")
	var r http1.Request
	if _, err := r.Parse(b, 0, http1.DefaultLimits); err != nil {
		t.Fatal(err)
	}
	excerpt := w.Excerpt(&r)
	head := excerpt.CopyTo(nil)
	clear(b)
	if string(head.target()) != "/path" || string(head.host()) != "example.org" {
		t.Errorf("after the buffer was used again: got target %q and host %q", head.target(), head.host())
	}
}
