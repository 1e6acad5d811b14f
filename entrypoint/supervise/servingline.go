package supervise

import (
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"percore/reaper/fleet"
)

// servingLine says once that clients are served: when all workers are ready, or, so that it is said in any case,
// servingPatience after the first one is.
type servingLine struct {
	log   *slog.Logger
	where string // what clients connect to
	why   string // how the number of workers came about
	began time.Time

	mu           sync.Mutex // guards the rest: the fleet's goroutine counts, the timer's may be the one to speak
	ready, total int
	patience     *time.Timer // nil before the first worker is ready
	said         bool
}

// servingPatience is how long the line waits for the rest of the workers. A person who looks on does not wait longer
// to read that requests are answered.
const servingPatience = 5 * time.Second

// count takes the workers' states. It is called on the fleet's goroutine for each change.
func (s *servingLine) count(endpoints []fleet.Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.total = 0, len(endpoints)
	for _, e := range endpoints {
		if e.State == fleet.Up {
			s.ready++
		}
	}
	switch {
	case s.said || s.ready == 0:
	case s.ready == s.total:
		s.sayLocked()
	case s.patience == nil:
		s.patience = time.AfterFunc(servingPatience, s.say)
	}
}

func (s *servingLine) say() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.said && s.ready > 0 {
		s.sayLocked()
	}
}

// sayLocked has the sentence for people and its parts for programs.
func (s *servingLine) sayLocked() {
	s.said = true
	if s.patience != nil {
		s.patience.Stop()
	}
	seconds := time.Since(s.began).Seconds()
	s.log.Info(fmt.Sprintf("serving http on %s, %d of %d workers ready after %s s (%s)", s.where, s.ready, s.total,
		strconv.FormatFloat(seconds, 'f', 1, 64), s.why),
		"workers_ready", s.ready, "workers", s.total)
}
