package stack

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// TestTornado starts the Tornado example once, for all the promises that leave it as it is.
func TestTornado(t *testing.T) {
	c := up(t, "tornado.yml").service("tornado").serving()
	for _, promise := range []struct {
		sentence string
		kept     func(*testing.T, *container)
	}{
		{"every worker answers", everyWorkerAnswers},
		{"the application sees the client's address and scheme", theClientIsSeen},
		{"a client cannot claim another address or scheme", nothingIsBelievedOfAClient},
		{"each process runs as the least that it can be", everybodyIsUnprivileged},
		{"a grandchild that was left behind is reaped", orphansAreReaped},
		{"64 MiB arrive as they were sent, both ways", sixtyFourMebibytes},
	} {
		t.Run(promise.sentence, func(t *testing.T) { promise.kept(t, c.in(t)) })
	}
}

func everyWorkerAnswers(t *testing.T, c *container) {
	for _, worker := range []string{"tornado-8000", "tornado-8001"} {
		rig.Eventually(t, startTime, func() error {
			if body := c.get("/"); !strings.Contains(body, "Hello from "+worker+",") {
				return fmt.Errorf("the last answer: got %q, want one from %s", body, worker)
			}
			return nil
		})
	}
}

// seen is a request as the application sees it; /headers of the example shows it.
type seen struct {
	RemoteIP string `json:"remote_ip"`
	Protocol string
	Host     string
	Headers  [][2]string
}

func (s seen) values(name string) []string {
	var values []string
	for _, field := range s.Headers {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

func (c *container) seen(header ...string) seen {
	c.t.Helper()
	var s seen
	if err := json.Unmarshal([]byte(c.get("/headers", header...)), &s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// theClientIsSeen asks as the host does, which the container knows as its gateway.
func theClientIsSeen(t *testing.T, c *container) {
	got, client := c.seen(), c.gateway()
	if got.RemoteIP != client || got.Protocol != "http" || got.Host != c.published() {
		t.Errorf("client: got %s by %s for %s, want %s by http for %s", got.RemoteIP, got.Protocol, got.Host, client, c.published())
	}
	if net.ParseIP(client).IsLoopback() {
		t.Errorf("address of the client: got the loopback's %s, want another, or the check says nothing", client)
	}
}

func nothingIsBelievedOfAClient(t *testing.T, c *container) {
	client := c.gateway()
	got := c.seen("X-Real-IP: 192.0.2.1", "X-Scheme: https", "X-Forwarded-For: 192.0.2.2", "X-Forwarded-Proto: https")
	if got.RemoteIP != client || got.Protocol != "http" {
		t.Errorf("client: got %s by %s, want %s by http", got.RemoteIP, got.Protocol, client)
	}
	for name, want := range map[string]string{
		"X-Real-IP": client, "X-Scheme": "http", "X-Forwarded-For": client, "X-Forwarded-Proto": "http",
	} {
		if values := got.values(name); !slices.Equal(values, []string{want}) {
			t.Errorf("%s: got %q, want %q alone", name, values, want)
		}
	}
}

func everybodyIsUnprivileged(t *testing.T, c *container) {
	first := c.first()
	if first.Inside != 1 || first.UID() != "0" || !strings.HasPrefix(first.Command(), "/percore ") {
		t.Errorf("the first process: got %v, want /percore as PID 1 and root", first)
	}
	const nobody, wwwData = "65534", "33" // www-data's number is the same in every Debian (base-passwd)
	if door := frontDoor(t, first); door.UID() != nobody || door.Status["NoNewPrivs"] != "1" {
		t.Errorf("the front door: got %v, no_new_privs %s; want uid %s, no_new_privs", door, door.Status["NoNewPrivs"], nobody)
	}
	workers := children(first, isWorker)
	if len(workers) != 2 {
		t.Errorf("workers: got %v, want two", workers)
	}
	for _, worker := range workers {
		if worker.UID() != wwwData {
			t.Errorf("a worker: got %v, want uid %s", worker, wwwData)
		}
	}
}

// orphansAreReaped leaves some grandchildren behind and follows them to their end.
func orphansAreReaped(t *testing.T, c *container) {
	var orphans []int
	for range 5 {
		var orphan struct{ PID int }
		if err := json.Unmarshal([]byte(c.get("/orphan?s=5")), &orphan); err != nil {
			t.Fatal(err)
		}
		orphans = append(orphans, orphan.PID)
	}
	first := c.first()
	adopted := func(p proc.Process) bool { return slices.Contains(orphans, p.Inside) }
	youngest := orphans[len(orphans)-1]
	rig.Eventually(t, startTime, func() error {
		if len(children(first, func(p proc.Process) bool { return p.Inside == youngest })) != 1 {
			return fmt.Errorf("children of PID 1: got %v, want the orphan %d among them", proc.Children(first.PID), youngest)
		}
		return nil
	})
	rig.Eventually(t, startTime, func() error {
		if left := children(first, adopted); len(left) > 0 {
			return fmt.Errorf("orphans: got %v, want none", left)
		}
		return nil
	})
	if zombies := children(first, isZombie); len(zombies) > 0 {
		t.Errorf("zombies: got %v, want none", zombies)
	}
}
