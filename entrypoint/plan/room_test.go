package plan

import (
	"math"
	"strings"
	"testing"

	"percore/reaper"
	"percore/reaper/room"
)

// tight is a machine whose limits leave so much.
func tight(left int) machine {
	m := roomy(1000)
	m.room = func(int) room.Room { return room.Room{Left: left, Limit: "pids.max=20"} }
	return m
}

func TestAFleetThatDoesNotFitIsNotStarted(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		need    int // percore 12, the front door 16 and one for each loop, one for each worker
		says    string
	}{
		"two workers":          {need: 12 + 17 + 2, says: "percore 12, its front door 17, workers 2"},
		"forty":                {environ: []string{"PERCORE_WORKERS=40"}, need: 12 + 17 + 40, says: "workers 40"},
		"four loops":           {environ: []string{"PERCORE_LOOPS=4"}, need: 12 + 20 + 2, says: "its front door 20"},
		"without a front door": {environ: []string{"PERCORE_MODE=none"}, need: 12 + 2, says: "its front door 0"},
		"further programs count": {
			environ: []string{"PERCORE_PROGRAMS=a,b", "PERCORE_A_COMMAND=true", "PERCORE_A_WORKERS=5", "PERCORE_B_COMMAND=true", "PERCORE_B_WORKERS=auto"},
			need:    12 + 17 + 2 + 5 + 2, says: "workers 9",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, left := range []int{c.need, c.need - 1} {
				m := tight(left - 5) // five threads are there already
				cfg, p, err := planOn(t, m, c.environ...)
				if err != nil {
					t.Fatal(err)
				}
				err = p.CheckRoom(cfg)
				if left == c.need && err != nil {
					t.Errorf("room for %d: got %v, want it enough", left, err)
				}
				if left < c.need &&
					(err == nil || !strings.Contains(err.Error(), "pids.max=20 is too small") || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--pids-limit")) {
					t.Errorf("room for %d: got %v, want the limit, %q and what to do", left, err, c.says)
				}
			}
		})
	}
}

func TestPercoreAloneHasToFit(t *testing.T) {
	if err := tight(superviseThreads - 5).checkOwnRoom(); err != nil {
		t.Errorf("got %v, want it enough", err)
	}
	err := tight(superviseThreads - 6).checkOwnRoom()
	if err == nil || !strings.Contains(err.Error(), "leaves room for 11 processes and threads, and percore alone needs 12") {
		t.Errorf("got %v, want the figures", err)
	}
}

// The limit per user is the front door's own, where it is another user than percore.
func TestTheFrontDoorIsStartedWhereItFits(t *testing.T) {
	for name, c := range map[string]struct {
		front *reaper.Credential
		left  map[int]int // by uid; any other has room
		err   string
	}{
		"there is room":   {},
		"exactly as much": {left: map[int]int{1000: 17}},
		"one too few": {
			left: map[int]int{1000: 16},
			err:  "the front door needs 17 processes and threads, and pids.max=20 leaves 16",
		},
		"a limit that is passed":           {left: map[int]int{1000: -4}, err: "leaves 0"},
		"as another user":                  {front: &reaper.Credential{UID: 65534}, left: map[int]int{1000: 0}},
		"as another user that has too few": {front: &reaper.Credential{UID: 65534}, left: map[int]int{65534: 1}, err: "leaves 1"},
	} {
		m := roomy(1000)
		m.room = func(uid int) room.Room {
			if left, limited := c.left[uid]; limited {
				return room.Room{Left: left, Limit: "pids.max=20"}
			}
			return room.Room{Left: math.MaxInt32}
		}
		p := &Plan{on: m, Loops: 1, Front: c.front}
		if err := p.frontRoom(); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v, want %q", name, err, c.err)
		}
	}
}

func TestALittleMemoryIsNoted(t *testing.T) {
	for bytes, want := range map[int64]string{0: "", 24 << 20: "", 24<<20 - 1: "the memory limit of 23 MB", 8 << 20: "the memory limit of 8 MB"} {
		m := roomy(0)
		m.memory = func() int64 { return bytes }
		_, p, err := planOn(t, m)
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(p.notes, "\n"); (notes == "") != (want == "") || !strings.Contains(notes, want) {
			t.Errorf("%d bytes: got %q, want %q", bytes, notes, want)
		}
		if _, p, _ = planOn(t, m, "PERCORE_MODE=none"); len(p.notes) > 0 {
			t.Errorf("%d bytes, without a front door: got %q", bytes, p.notes)
		}
	}
}
