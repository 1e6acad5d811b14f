package value

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Signals is a list of distinct signals that percore may hand on to its workers.
type Signals []Signal

// UnmarshalText reads `USR1` or `USR1,WINCH`.
func (s *Signals) UnmarshalText(text []byte) error {
	var list Signals
	for item := range strings.SplitSeq(string(text), ",") {
		var one Signal
		if err := one.UnmarshalText([]byte(strings.TrimSpace(item))); err != nil {
			return err
		}
		switch syscall.Signal(one) {
		case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
			return errors.New("has " + one.String() + ", which stops percore, and so the workers: " +
				"see PERCORE_STOPSIGNAL and PERCORE_SIGNAL_MAP")
		case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCHLD, syscall.SIGURG, syscall.SIGPIPE:
			return errors.New("has " + one.String() + ", which cannot be passed on")
		}
		if slices.Contains(list, one) {
			return errors.New("has " + one.String() + " twice")
		}
		list = append(list, one)
	}
	*s = list
	return nil
}

// OS is the list in os/signal's terms.
func (s Signals) OS() []os.Signal {
	list := make([]os.Signal, len(s))
	for i, one := range s {
		list[i] = syscall.Signal(one)
	}
	return list
}

// String is the list with commas.
func (s Signals) String() string {
	words := make([]string, len(s))
	for i, one := range s {
		words[i] = one.String()
	}
	return strings.Join(words, ",")
}

// Syntax is what UnmarshalText takes, in a few words.
func (Signals) Syntax() string { return "list of signals" }
