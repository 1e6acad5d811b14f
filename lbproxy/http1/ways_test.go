package http1_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"percore/lbproxy/http1"
)

// outcome is everything one parse says, in a form that compares.
type outcome struct {
	n      int
	status int    // of the refusal, 0 without one
	reason string // of the refusal
	head   string // the parsed head, spelled out; empty unless n > 0
}

// parser parses one prefix of a message, given how much of it an earlier call had.
type parser func(b []byte, seen int) outcome

func requestParser(lim http1.Limits) func() parser {
	return func() parser {
		r := new(http1.Request)
		return func(b []byte, seen int) outcome {
			n, err := r.Parse(b, seen, lim)
			return newOutcome(n, err, func() string { return spellRequest(r) })
		}
	}
}

func responseParser(lim http1.Limits, request http1.Method) func() parser {
	return func() parser {
		r := new(http1.Response)
		return func(b []byte, seen int) outcome {
			n, err := r.Parse(b, seen, lim, request)
			return newOutcome(n, err, func() string { return spellResponse(r) })
		}
	}
}

func newOutcome(n int, err error, spell func() string) outcome {
	o := outcome{n: n}
	var refusal *http1.Error
	if errors.As(err, &refusal) {
		o.status, o.reason = refusal.Status, refusal.Reason
	}
	if n > 0 {
		o.head = spell()
	}
	return o
}

func spellRequest(r *http1.Request) string {
	host := "none"
	if r.Host != nil {
		host = fmt.Sprintf("%q", r.Host)
	}
	return fmt.Sprintf("%s(%d) %s origin=%s 1.%d host=%s framing=%s length=%d keepalive=%t expect=%t upgrade=%t%s",
		r.Method, r.MethodID, r.Target, r.AppendOrigin(nil), r.Minor, host, r.Framing, r.Length, r.KeepAlive, r.Expect100, r.Upgrade,
		spellFields(r.Fields))
}

func spellResponse(r *http1.Response) string {
	return fmt.Sprintf("1.%d %d %q framing=%s length=%d/%t keepalive=%t upgrade=%t%s",
		r.Minor, r.Status, r.Reason, r.Framing, r.Length, r.HasLength, r.KeepAlive, r.Upgrade, spellFields(r.Fields))
}

func spellFields(fields []http1.Field) string {
	s := ""
	for _, f := range fields {
		s += fmt.Sprintf(" | %s: %q %s", f.Name, f.Value, f.ID)
		if f.Hop {
			s += " hop"
		}
		if f.Underscore {
			s += " underscore"
		}
	}
	return s
}

// parseEveryWay parses raw whole, byte by byte, cut in two at every place, and with other bytes after it, demands
// the same result each time and returns it.
func parseEveryWay(t *testing.T, raw []byte, fresh func() parser) outcome {
	t.Helper()
	whole := fresh()(slices.Clip(slices.Clone(raw)), 0)
	if got := parseByteByByte(raw, fresh()); got != whole {
		t.Errorf("byte by byte: got %+v, want %+v as whole", got, whole)
	}
	for cut := range raw {
		parse := fresh()
		got := parse(slices.Clone(raw[:cut]), 0)
		if got == (outcome{}) {
			got = parse(raw, cut)
		}
		if got != whole {
			t.Errorf("cut at byte %d: got %+v, want %+v as whole", cut, got, whole)
			break
		}
	}
	if whole == (outcome{}) {
		return whole // more bytes would complete it
	}
	trailing := append(slices.Clone(raw), "\r\nGET /next HTTP/1.1\r\n\r\n"...)
	if got := fresh()(trailing, 0); got != whole {
		t.Errorf("with trailing bytes: got %+v, want %+v as whole", got, whole)
	}
	return whole
}

// parseByteByByte hands over ever longer prefixes, without room behind them, until one gives a result.
func parseByteByByte(raw []byte, parse parser) (got outcome) {
	for size := 0; size <= len(raw) && got == (outcome{}); size++ {
		got = parse(slices.Clip(slices.Clone(raw[:size])), max(0, size-1))
	}
	return got
}
