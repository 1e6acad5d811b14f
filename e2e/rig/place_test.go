package rig_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"percore/e2e/load"
	"percore/e2e/rig"
)

// TestNoServiceOfTheRigIsWhereCommandsLook: a person's `percore stop all` on this host, or another run of these tests, has to
// reach no percore here.
func TestNoServiceOfTheRigIsWhereCommandsLook(t *testing.T) {
	places := []string{}
	for range 2 {
		s := kit.Start(t, rig.Setup{Env: map[string]string{"PERCORE_WORKERS": "1"}, Args: []string{"demo"}})
		s.Await("an answer", func() bool { return load.Once(s.Get("/")).OK() == 1 })
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PID))
		if err != nil {
			t.Fatal(err)
		}
		_, place, _ := strings.Cut("\x00"+string(environ), "\x00PERCORE_CONTROL=")
		place, _, _ = strings.Cut(place, "\x00")
		sockets, err := os.ReadFile("/proc/net/unix")
		if err != nil {
			t.Fatal(err)
		}
		if place == "" || place != s.Control || slices.Contains(places, place) || !strings.Contains(string(sockets), " "+place+"\n") {
			t.Errorf("control socket: got %q beside %q, want an open one of its own", place, places)
		}
		places = append(places, place)
	}
}
