package hold

import (
	"testing"
)

// eachServer runs a scenario with every server, where each worker gets any number of requests and where it gets one
// at a time.
func eachServer(t *testing.T, scenario func(s *service)) {
	t.Helper()
	for _, server := range servers {
		for _, most := range []struct{ name, number string }{{"", "0"}, {", one request at a time", "1"}} {
			t.Run(server.name+most.name, func(t *testing.T) {
				scenario(start(t, server, env{"PERCORE_WORKER_CONCURRENCY": most.number}))
			})
		}
	}
}

// TestASlowUploadOccupiesNoWorker: a client has sent half of its body and waits; the only worker answers another one.
func TestASlowUploadOccupiesNoWorker(t *testing.T) {
	eachServer(t, func(s *service) {
		for _, framing := range framings {
			slow := s.client(here)
			slow.beginUpload("POST", "/echo", content[:uploadBytes], framing.chunked, uploadBytes/2)
			s.wantAnswered()
			slow.wantNothing()
			if !framing.chunked { // the first one has been answered by the second's turn
				s.wantUnseen("POST /echo")
			}
			slow.finish()
			slow.wantEcho("POST", content[:uploadBytes])
		}
	})
}

// TestASlowReaderOccupiesNoWorker: a client has taken the beginning of 20 MB and waits; the only worker answers
// another one.
func TestASlowReaderOccupiesNoWorker(t *testing.T) {
	eachServer(t, func(s *service) {
		slow := s.client(here)
		slow.ask("GET", "/large")
		slow.awaitByte()
		s.wantAnswered()
		slow.wantLarge()
	})
}

// TestManySlowClientsOccupyNoWorker: as many as you like, in both directions, in front of one worker.
func TestManySlowClientsOccupyNoWorker(t *testing.T) {
	const pairs = 10
	s := start(t, wsgi, nil)
	var uploads, readers []*client
	for i := range pairs {
		u := s.client(here)
		u.beginUpload("PUT", "/echo", content[:uploadBytes], i%2 == 0, uploadBytes/2)
		uploads = append(uploads, u)
		r := s.client(here)
		r.ask("GET", "/large")
		r.awaitByte()
		readers = append(readers, r)
	}
	s.wantAnswered()
	s.awaitHeld(2 * pairs)
	for i := range pairs {
		uploads[i].wantNothing()
		uploads[i].finish()
		readers[i].wantLarge()
		uploads[i].wantEcho("PUT", content[:uploadBytes])
	}
	s.awaitHeld(0)
}

// TestABodyThatComesInManyPiecesArrives: each piece is sent when the front door has read the one before.
func TestABodyThatComesInManyPiecesArrives(t *testing.T) {
	const pieceBytes = 30_000
	s := start(t, wsgi, nil)
	for _, framing := range framings {
		slow := s.client(here)
		slow.beginUpload("POST", "/echo", content[:uploadBytes], framing.chunked, 1)
		for len(slow.rest) > pieceBytes {
			slow.say(slow.rest[:pieceBytes])
			slow.rest = slow.rest[pieceBytes:]
			slow.settle()
		}
		slow.finish()
		slow.wantEcho("POST", content[:uploadBytes])
	}
}
