package value

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// SignalMap says which signals become which others; 0 is none.
type SignalMap map[Signal]Signal

// UnmarshalText reads `TERM:QUIT` or `TERM:QUIT,HUP:`.
func (m *SignalMap) UnmarshalText(text []byte) error {
	all := SignalMap{}
	for item := range strings.SplitSeq(string(text), ",") {
		first, second, pair := strings.Cut(item, ":")
		if !pair {
			return errors.New("is not a list of pairs with a colon: TERM:QUIT, or HUP: to drop it")
		}
		var from, to Signal
		if err := from.UnmarshalText([]byte(strings.TrimSpace(first))); err != nil {
			return fmt.Errorf("the text before the colon %w", err)
		}
		if second = strings.TrimSpace(second); second != "" {
			if err := to.UnmarshalText([]byte(second)); err != nil {
				return fmt.Errorf("the text after the colon %w", err)
			}
		}
		if err := all.add(from, to); err != nil {
			return err
		}
	}
	*m = all
	return nil
}

func (m SignalMap) add(from, to Signal) error {
	if from == Signal(syscall.SIGKILL) || from == Signal(syscall.SIGSTOP) {
		return errors.New("has " + from.String() + ", which the kernel never delivers to percore")
	}
	if _, twice := m[from]; twice {
		return errors.New("has " + from.String() + " twice")
	}
	m[from] = to
	return nil
}

// String is the list, in order.
func (m SignalMap) String() string {
	var words []string
	for from, to := range m {
		word := from.String() + ":"
		if to != 0 {
			word += to.String()
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (SignalMap) Syntax() string { return "list of signal:signal" }
