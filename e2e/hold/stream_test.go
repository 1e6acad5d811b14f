package hold

import (
	"io"
	"net/http"
	"testing"
)

// TestAnAnswerThatIsWrittenBitByBitIsNotDelayed: its first part is there while the application waits to write the
// next one.
func TestAnAnswerThatIsWrittenBitByBitIsNotDelayed(t *testing.T) {
	const first, last = "data: first\n\n", "data: last\n\n"
	for _, test := range []struct {
		name, query, buffering string
	}{
		{"an event stream", "type=text/event-stream", ""},
		{"X-Accel-Buffering: no", "type=text/plain&accel=no", ""},
		{"X-Accel-Buffering: yes", "type=text/plain&accel=yes", ""},
		{"chunks", "type=text/plain", ""},
		{"with its length", "type=text/plain&length=25", ""},
		{"PROXY_BUFFERING=false", "type=text/plain", "false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, wsgi, env{"PERCORE_PROXY_BUFFERING": test.buffering})
			c := s.client(here)
			c.ask("GET", "/events?"+test.query)
			response, err := http.ReadResponse(c.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			begin := make([]byte, len(first))
			if _, err := io.ReadFull(response.Body, begin); err != nil || string(begin) != first {
				t.Errorf("first part: got %q and %v, want %q", begin, err, first)
			}
			s.openGate()
			rest, err := io.ReadAll(response.Body)
			if err != nil || string(rest) != last {
				t.Errorf("rest: got %q and %v, want %q", rest, err, last)
			}
			if held := s.held(); held.Responses != 0 {
				t.Errorf("got %+v, want no answer held", held)
			}
		})
	}
}

// TestAnAnswerThatMayNotBeHeldIsNot: a slow reader of it occupies its worker, as the application asked for.
func TestAnAnswerThatMayNotBeHeldIsNot(t *testing.T) {
	for name, variables := range map[string]env{
		"PROXY_BUFFERING=false":        {"PERCORE_PROXY_BUFFERING": "false"},
		"PROXY_MAX_TEMP_FILE_SIZE=0":   {"PERCORE_PROXY_MAX_TEMP_FILE_SIZE": "0"},
		"PROXY_MAX_TEMP_FILE_SIZE=1MB": {"PERCORE_PROXY_MAX_TEMP_FILE_SIZE": "1MB"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, wsgi, variables)
			c := s.client(here)
			c.ask("GET", "/large")
			c.awaitByte()
			c.wantLarge()
			held := s.held()
			if isSmall := name == "PROXY_MAX_TEMP_FILE_SIZE=1MB"; held.Files != 0 || !isSmall && held.Responses != 0 {
				t.Errorf("got %+v, want nothing held", held)
			}
			s.wantAnswered()
		})
	}
}

// TestAnApplicationThatReadsUploadsAsTheyComeCan: with PROXY_REQUEST_BUFFERING=false it has begun while the client
// waits with the rest.
func TestAnApplicationThatReadsUploadsAsTheyComeCan(t *testing.T) {
	s := start(t, wsgi, env{"PERCORE_PROXY_REQUEST_BUFFERING": "false"})
	for i, framing := range framings {
		c := s.client(here)
		c.beginUpload("POST", "/pieces", content[:uploadBytes], framing.chunked, uploadBytes/2)
		s.seenBy("piece /pieces", i+1)
		c.wantNothing()
		c.finish()
		response, text := c.answer()
		e, err := parseEcho(text)
		if err != nil || response.StatusCode != http.StatusOK || e.Bytes != uploadBytes {
			t.Errorf("%s: got %s, %+v and %v, want all of the body", framing.name, response.Status, e, err)
		}
		if isChunked := e.Coding == "chunked"; isChunked != framing.chunked {
			t.Errorf("%s: got the coding %q, want it passed on as it came", framing.name, e.Coding)
		}
	}
	if held := s.held(); held.Requests != 0 {
		t.Errorf("got %+v, want no request held", held)
	}
}
