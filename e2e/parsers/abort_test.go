package parsers

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// upload is a Tornado that tells of clients that leave, and takes bodies of 1 MiB at most.
var upload = server{"tornado with uploads", "tornado", []string{program.Python, "-B", "tornado_upload.py", "PORT"}}

// told asks the worker itself, past the front door, what it heard of a request.
func told(t *testing.T, worker, name, what string) (rest string, found bool) {
	t.Helper()
	resp, err := http.Get("http://" + worker + "/told")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if rest, found = strings.CutPrefix(line, name+" "+what); found {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// TestTornadoIsToldThatItsClientHasLeft has clients leave requests of every kind, and on_connection_close say when that was known.
func TestTornadoIsToldThatItsClientHasLeft(t *testing.T) {
	worker := upload.start(t)
	front := frontDoor(t, worker)
	bodies := map[string]string{
		"without a body":       "\r\n",
		"with a held body":     "Content-Length: 5\r\n\r\nhello",
		"with a chunked body":  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"with a streamed body": "Content-Length: 300000\r\n\r\n" + strings.Repeat("x", 300_000),
	}
	number := 0
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "BREW"} {
		for kind, rest := range bodies {
			for _, when := range []string{"before the answer", "between two pieces of it"} {
				number++
				name := fmt.Sprintf("/%d", number)
				target := name
				if when != "before the answer" {
					target += "?pieces"
				}
				t.Run(fmt.Sprintf("%s %s, %s", method, kind, when), func(t *testing.T) {
					t.Parallel()
					c, err := net.Dial("tcp", front)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					if _, err := io.WriteString(c, method+" "+target+" HTTP/1.1\r\nHost: x\r\n"+rest); err != nil {
						t.Fatal(err)
					}
					if target != name {
						if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 200 {
							t.Fatalf("beginning of the answer: got %v and error %v, want 200", resp, err)
						}
					}
					rig.Await(t, "the request to begin", func() bool { _, begun := told(t, worker, name, "begun"); return begun })
					left := time.Now()
					c.Close()
					var at string
					rig.Await(t, "on_connection_close", func() (heard bool) { at, heard = told(t, worker, name, "left"); return heard })
					var seconds float64
					if _, err := fmt.Sscan(at, &seconds); err != nil {
						t.Fatal(err)
					}
					took := time.UnixMicro(int64(seconds * 1e6)).Sub(left)
					rig.WantWithin(t, "the worker was told", took, 2*time.Second) // about half a second, on a quiet machine
				})
			}
		}
	}
}

// TestTornadosRefusalOfALargeBodyArrives uploads far more than Tornado takes. It says 400 as soon as it knows, without a length, and closes with
// unread input, which resets its connection while the client still sends.
func TestTornadosRefusalOfALargeBodyArrives(t *testing.T) {
	worker := upload.start(t)
	front := frontDoor(t, worker)
	body := strings.Repeat("x", 5<<20)
	chunks := strings.Repeat("10000\r\n"+body[:64<<10]+"\r\n", 80) + "0\r\n\r\n"
	for name, request := range map[string]string{
		"of a length":                "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 5242880\r\n\r\n" + body,
		"of a length, from HTTP/1.0": "POST /large HTTP/1.0\r\nContent-Length: 5242880\r\n\r\n" + body,
		"in chunks":                  "POST /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 100 {
				c, err := net.Dial("tcp", front)
				if err != nil {
					t.Fatal(err)
				}
				_ = c.SetDeadline(time.Now().Add(rig.Patience))
				sent := make(chan struct{})
				go func() { defer close(sent); _, _ = io.WriteString(c, request) }()
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil || resp.StatusCode != 400 {
					t.Fatalf("upload %d: got %v and error %v, want the worker's 400", i, resp, err)
				}
				if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
					t.Fatalf("upload %d: got body %q and error %v, want an empty one that ends well", i, rest, err)
				}
				c.Close()
				<-sent
			}
		})
	}
}
