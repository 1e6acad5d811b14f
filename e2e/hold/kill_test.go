package hold

import (
	"net/http"
	"os"
	"testing"

	"percore/e2e/rig"
)

// killWithin kills the application that has read a piece of its nth request.
func (s *service) killWithin(nth int) {
	s.Helper()
	inside := s.seenBy("piece /gate", nth)
	application, found := s.Find(inside)
	if !found {
		s.Fatalf("got no process %d, want the application", inside)
	}
	s.Kill(application)
}

// TestAHeldRequestIsRepeatedWhenItsWorkerDies: it comes out of the file again, for another worker, where repeating is
// safe.
func TestAHeldRequestIsRepeatedWhenItsWorkerDies(t *testing.T) {
	s := start(t, wsgi, env{"PERCORE_WORKERS": "2"})
	s.AwaitReady(2)
	for i, framing := range framings {
		t.Run(framing.name, func(t *testing.T) {
			s.T = t
			c := s.client(here)
			c.beginUpload("PUT", "/gate", content[:uploadBytes], framing.chunked, 0)
			c.finish()
			s.killWithin(2*i + 1)
			second := s.seenBy("piece /gate", 2*i+2)
			s.openGate()
			if e := c.wantEcho("PUT", content[:uploadBytes]); e.PID != second {
				t.Errorf("answer: got it of %d, want it of the second worker's %d", e.PID, second)
			}
		})
	}
}

// TestAHeldPOSTIsNotRepeatedWhenItsWorkerDies: the worker may have acted on it.
func TestAHeldPOSTIsNotRepeatedWhenItsWorkerDies(t *testing.T) {
	s := start(t, wsgi, env{"PERCORE_WORKERS": "2"})
	s.AwaitReady(2)
	c := s.client(here)
	c.beginUpload("POST", "/gate", content[:uploadBytes], false, 0)
	c.finish()
	s.killWithin(1)
	c.wantStatus(http.StatusBadGateway)
	if n := s.seen("POST /gate"); n != 1 {
		t.Errorf("got %d requests at applications, want 1", n)
	}
	s.awaitHeld(0)
}

// TestNothingIsLeftOfAFrontDoorThatDies: its files have no names, so that they go with it.
func TestNothingIsLeftOfAFrontDoorThatDies(t *testing.T) {
	s := start(t, wsgi, nil)
	upload, reader := s.client(here), s.client(here)
	upload.beginUpload("PUT", "/echo", content[:uploadBytes], false, uploadBytes/2)
	reader.ask("GET", "/large")
	reader.awaitByte()
	s.awaitHeld(2)
	front := s.Front()
	s.Kill(front)
	s.Await("the end of the front door", func() bool { return !front.Lives() })
	s.Await("another one", func() bool {
		now := s.Alive(true)[rig.FrontName]
		return now.PID != 0 && now.PID != front.Inside
	})
	s.wantEmptyFolder()
	s.AwaitAnswer()
	again := s.client(here)
	again.beginUpload("PUT", "/echo", content[:uploadBytes], true, uploadBytes/2)
	s.awaitHeld(1)
	again.finish()
	again.wantEcho("PUT", content[:uploadBytes])
	s.wantUnseenBut("PUT /echo", 1)
}

func (s *service) wantEmptyFolder() {
	s.Helper()
	entries, err := os.ReadDir(s.temp())
	if err != nil || len(entries) > 0 {
		s.Errorf("folder: got %v and %v, want nothing in it", entries, err)
	}
}

// wantUnseenBut is wantUnseen but for so many requests.
func (s *service) wantUnseenBut(words string, n int) {
	s.Helper()
	if got := s.seen(words); got != n {
		s.Errorf("%s: got %d requests at applications, want %d", words, got, n)
	}
}
