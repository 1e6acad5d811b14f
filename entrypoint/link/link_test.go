package link_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"percore/entrypoint/link"
	"percore/lbproxy"
	"percore/lbproxy/balance"
)

func wanted() link.Wanted {
	return link.Wanted{
		Version: link.Version, Options: lbproxy.DefaultOptions(), LogLevel: "INFO",
		Listeners: []link.Listener{{FD: 4, Address: ":8080", Loop: 0}},
		Snapshot: lbproxy.Snapshot{Seq: 7, Drain: true, Endpoints: []balance.Endpoint{
			{Index: 1, Name: "tornadoes:tornado-8001", Address: "127.0.0.1:8001", Incarnation: 3, State: balance.Draining},
		}},
	}
}

func TestAMessageArrivesAsItWasSent(t *testing.T) {
	var wire bytes.Buffer
	want := wanted()
	if err := link.Write(&wire, want); err != nil {
		t.Fatal(err)
	}
	var got link.Wanted
	if err := link.Read(&wire, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("message: got %+v, want %+v", got, want)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	announce := func(n uint32, body string) string {
		return string(binary.BigEndian.AppendUint32(nil, n)) + body
	}
	for name, c := range map[string]struct{ wire, want string }{
		"the other side is gone":         {"", "EOF"},
		"the other side died inside":     {announce(10, "{}"), "unexpected EOF"},
		"a length that no percore sends": {announce(1<<30, ""), "at most"},
		"bytes that are no JSON":         {announce(2, "]["), "decode link message"},
		"a length that is cut in half":   {"\x00\x00", "unexpected EOF"},
		"a state that does not exist":    {announce(48, `{"Snapshot":{"Endpoints":[{"State":"sleeping"}]}}`[:48]), "decode link message"},
		"a message of the wrong nature":  {announce(2, "[]"), "decode link message"},
	} {
		t.Run(name, func(t *testing.T) {
			var got link.Wanted
			err := link.Read(strings.NewReader(c.wire), &got)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: got %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestTheEndOfALinkIsPlainEOF(t *testing.T) {
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs.Close()
	var got link.Reported
	if err := link.Read(ours, &got); !errors.Is(err, io.EOF) {
		t.Errorf("error: got %v, want io.EOF", err)
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	if err := link.CheckVersion(link.Version); err != nil {
		t.Errorf("own version: got %v, want no error", err)
	}
	if err := link.CheckVersion(link.Version + 1); err == nil {
		t.Error("newer version: got no error, want a refusal")
	}
}

// TestASenderSkipsWhatWasOvertaken offers snapshots to a reader that does not read, then lets it.
func TestASenderSkipsWhatWasOvertaken(t *testing.T) {
	reader, writer := io.Pipe()
	s := link.NewSender(writer)
	ended := make(chan error, 1)
	go func() { ended <- s.Run() }()
	const last = 1000
	for seq := uint64(1); seq <= last; seq++ {
		s.Offer(link.Reported{Version: link.Version, Report: lbproxy.Report{Seq: seq}})
	}
	var received []uint64
	for {
		var got link.Reported
		if err := link.Read(reader, &got); err != nil {
			t.Fatal(err)
		}
		received = append(received, got.Report.Seq)
		if got.Report.Seq == last {
			break
		}
	}
	if len(received) > 2 {
		t.Errorf("messages: got %d (%v), want at most the one under way and the last", len(received), received)
	}
	s.Close()
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want no error after Close", err)
	}
}

func TestOfferNeverWaitsForTheOtherSide(t *testing.T) {
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	s := link.NewSender(ours)
	ended := make(chan error, 1)
	go func() { ended <- s.Run() }()
	big := link.Wanted{LogLevel: strings.Repeat("x", 1<<20)} // more than the socket's buffer
	offered := make(chan struct{})
	go func() {
		for range 10 {
			s.Offer(big)
		}
		close(offered)
	}()
	select {
	case <-offered:
	case <-time.After(20 * time.Second):
		t.Fatal("Offer blocked on a reader that does not read")
	}
	ours.Close()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Run: got %v, want the write's error", err)
	}
}

func TestAMessageThatNobodyCouldReadIsNotSent(t *testing.T) {
	var wire bytes.Buffer
	if err := link.Write(&wire, strings.Repeat("x", 5<<20)); err == nil || wire.Len() != 0 {
		t.Errorf("huge message: got error %v and %d bytes on the wire, want an error and none", err, wire.Len())
	}
}

// A sender that is closed says what it was given last, and nothing after that.
func TestAClosedSenderHasSaidItsLast(t *testing.T) {
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	s := link.NewSender(theirs)
	s.Offer(link.Reported{Version: 1})
	s.Offer(link.Reported{Version: 2})
	s.Close()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	s.Offer(link.Reported{Version: 3})
	theirs.Close()
	var got link.Reported
	if err := link.Read(ours, &got); err != nil || got.Version != 2 {
		t.Errorf("got %+v and %v, want the newest before the end", got, err)
	}
	if err := link.Read(ours, &got); !errors.Is(err, io.EOF) {
		t.Errorf("behind it: got %+v and %v, want the end", got, err)
	}
}
