package pid1

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"percore/e2e/load"
)

// TestNoServiceOfTheRigIsWhereCommandsLook: a person's `percore stop all` on this host, or another run of these tests, has to
// reach nobody here.
func TestNoServiceOfTheRigIsWhereCommandsLook(t *testing.T) {
	places := []string{}
	for range 2 {
		s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
		s.await("an answer", func() bool { return load.Once(s.get("/")).OK() == 1 })
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.pid))
		if err != nil {
			t.Fatal(err)
		}
		_, place, _ := strings.Cut("\x00"+string(environ), "\x00PERCORE_CONTROL=")
		place, _, _ = strings.Cut(place, "\x00")
		sockets, err := os.ReadFile("/proc/net/unix")
		if err != nil {
			t.Fatal(err)
		}
		if place == "" || slices.Contains(places, place) || !strings.Contains(string(sockets), " "+place+"\n") {
			t.Errorf("control socket: got %q beside %q, want an open one of its own", place, places)
		}
		places = append(places, place)
	}
}
