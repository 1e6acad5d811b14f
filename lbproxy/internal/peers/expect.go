package peers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"
)

// shownBytes bounds how much of what came a message shows.
const shownBytes = 300

func show80(b []byte) string {
	if len(b) > shownBytes {
		return fmt.Sprintf("%q and %d bytes more", b[:shownBytes], len(b)-shownBytes)
	}
	return fmt.Sprintf("%q", b)
}

func (a *actor) expect(s *step) error {
	got := make([]byte, len(s.bytes))
	n, err := io.ReadFull(a.in, got)
	return difference(got[:n], s.bytes, err)
}

// difference says in one line how got is not want.
func difference(got, want []byte, err error) error {
	switch {
	case bytes.Equal(got, want):
		return nil
	case err != nil:
		return fmt.Errorf("got %s and then %w, want %s", show80(got), err, show80(want))
	}
	return fmt.Errorf("got %s, want %s", show80(got), show80(want))
}

func (a *actor) readHead(s *step) error {
	var err error
	if a.head, err = readHead(a.in); err != nil {
		return fmt.Errorf("got %s and then %w, want a head", show80(a.head.raw), err)
	}
	if !strings.HasPrefix(a.head.line, s.word) {
		return fmt.Errorf("got %s, want a head that starts with %q", show80(a.head.raw), s.word)
	}
	return nil
}

func (a *actor) field(s *step) error {
	name, value, _ := strings.Cut(s.word, ":")
	value = strings.TrimSpace(value)
	if got := a.head.values(name); len(got) != 1 || got[0] != value {
		return fmt.Errorf("got %q in %s, want exactly %q", got, show80(a.head.raw), s.word)
	}
	return nil
}

func (a *actor) noField(s *step) error {
	if got := a.head.values(s.word); len(got) > 0 {
		return fmt.Errorf("got %s: %q, want no such field", s.word, got)
	}
	return nil
}

func (a *actor) readBody(s *step) error {
	got, err := a.head.readBody(a.in)
	if err != nil {
		return fmt.Errorf("got %s and then %w, want a body that ends well", show80(got), err)
	}
	return difference(got, s.bytes, nil)
}

func (a *actor) anyBody(*step) error {
	got, err := a.head.readBody(a.in)
	if err != nil {
		return fmt.Errorf("got %s and then %w, want a body that ends well", show80(got), err)
	}
	return nil
}

func (a *actor) brokenBody(*step) error {
	if got, err := a.head.readBody(a.in); err == nil {
		return fmt.Errorf("got %s with a proper end, want a body that breaks off", show80(got))
	}
	return nil
}

// end reads to the end of the stream, where no byte may come.
func (a *actor) end() error {
	rest, err := io.ReadAll(io.LimitReader(a.in, shownBytes))
	if len(rest) > 0 {
		return fmt.Errorf("got %s, want the end", show80(rest))
	}
	if err == nil {
		return io.EOF
	}
	return err
}

func (a *actor) expectEnd(*step) error {
	if err := a.end(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("want a FIN: %w", err)
	}
	return nil
}

func (a *actor) expectReset(*step) error {
	if err := a.end(); !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("want a RST: %w", err)
	}
	return nil
}

func (a *actor) expectGone(*step) error {
	if err := a.end(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("want a FIN or a RST: %w", err)
	}
	return nil
}

func (a *actor) expectNothing(*step) error {
	a.how.Settle()
	if err := a.conn.SetReadDeadline(time.Now().Add(moment)); err != nil {
		return err
	}
	b, err := a.in.Peek(1)
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		return fmt.Errorf("got %q and %v, want nothing to read", b, err)
	}
	return a.conn.SetReadDeadline(a.deadline())
}
