package pid1

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// startTalkative runs the application of testdata/talkative_worker.py.
func startTalkative(t *testing.T) *service {
	t.Helper()
	rig.Need(t, "real Tornado workers", program.Python, "-c", "import tornado")
	worker, err := filepath.Abs("testdata/talkative_worker.py")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, env{"PERCORE_WORKERS": "1"}, program.Python, "-B", worker, "{port}")
	s.AwaitReady(1)
	return s
}

// TestWebSockets has a real client library speak with real Tornado through the front door.
func TestWebSockets(t *testing.T) {
	rig.Need(t, "a real WebSocket client", program.Python, "-c", "import websockets")
	s := startTalkative(t)
	for _, test := range []struct{ name, scenario string }{
		{"text of every length class", "text"},
		{"binary of every length class", "binary"},
		{"messages in fragments", "fragmented"},
		{"pings from the client", "ping_from_client"},
		{"a ping from the worker", "ping_from_worker"},
		{"a frame of 16 MiB", "large"},
		{"both ways at once", "both_ways_at_once"},
		{"a client that stops reading for a while", "client_that_stops_reading"},
		{"the client closes", "close_from_client"},
		{"the worker closes", "close_from_worker"},
		{"the client closes and finishes at once", "finish_after_close"},
		{"the worker dies", "death_of_worker"},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := exec.Command(program.Python, "-B", "testdata/websocket_client.py", "ws://"+s.Address+"/websocket", test.scenario).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

const (
	stamps    = 300
	stampsMax = 5 * time.Millisecond // from the worker's write to the client's read
)

// TestServerSentEventsArriveAtOnce measures from the worker's write to the client's read. On a busy machine it tries again.
func TestServerSentEventsArriveAtOnce(t *testing.T) {
	s := startTalkative(t)
	var median time.Duration
	for range 5 {
		delays := s.stampDelays()
		slices.Sort(delays)
		median = delays[len(delays)/2]
		t.Logf("from write to read: p50 %v, p99 %v, of %d events", median, delays[len(delays)*99/100], len(delays))
		if median <= stampsMax {
			return
		}
	}
	rig.WantWithin(t, "from write to read, in the median", median, stampsMax)
}

func (s *service) stampDelays() (delays []time.Duration) {
	s.Helper()
	c, err := net.Dial("tcp", s.Address)
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(rig.Patience))
	fmt.Fprintf(c, "GET /stamps?count=%d HTTP/1.1\r\nHost: x\r\n\r\n", stamps)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.Fatal(err)
	}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		stamp, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		written, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			s.Fatal(err)
		}
		delays = append(delays, time.Duration(monotonic()-written))
	}
	if len(delays) != stamps {
		s.Fatalf("got %d events, want %d", len(delays), stamps)
	}
	return delays
}

// monotonic is the clock that all processes of a machine share (man 2 clock_gettime).
func monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano()
}
