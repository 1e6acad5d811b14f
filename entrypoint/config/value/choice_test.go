package value_test

import (
	"encoding"
	"errors"
	"fmt"
	"strings"
	"testing"

	"percore/entrypoint/config/value"
)

// choice is a type with a few words.
type choice[T any] interface {
	*T
	encoding.TextUnmarshaler
	Choices() []string
}

// readChoices reads every word that a type says it takes, and slips of the pen.
func readChoices[T any, P choice[T]](t *testing.T, want string) {
	t.Helper()
	words := P(new(T)).Choices()
	if got := strings.Join(words, ", "); got != want {
		t.Errorf("%T: got choices %s, want %s", *new(T), got, want)
	}
	for _, word := range words {
		for _, text := range []string{word, strings.ToUpper(word)} {
			var got T
			if err := P(&got).UnmarshalText([]byte(text)); err != nil || fmt.Sprint(got) != word {
				t.Errorf("%T: %q: got %v and error %v, want %s", got, text, got, err, word)
			}
		}
	}
	var got T
	var meant *value.MeantError
	if err := P(&got).UnmarshalText([]byte("xyzzy")); !errors.As(err, &meant) || meant.What != "must be one of "+want || meant.Value != "" {
		t.Errorf("%T: xyzzy: got error %v, want one with all choices", got, err)
	}
}

func TestChoices(t *testing.T) {
	readChoices[value.Mode](t, "http, none, init")
	readChoices[value.Bind](t, "tcp, unix")
	readChoices[value.Autorestart](t, "true, unexpected, false")
	readChoices[value.ExitOn](t, "all-fatal, any-fatal, first-exit, never")
	readChoices[value.Balance](t, "least_conn, round_robin, ip_hash, random")
	readChoices[value.NextUpstream](t, "error, off")
	readChoices[value.AccessLog](t, "off, combined, json")
	readChoices[value.LogLevel](t, "debug, info, warn, error")
	readChoices[value.LogFormat](t, "auto, text, json")
}

func TestAWordOfAnotherProgramIsUnderstood(t *testing.T) {
	for text, want := range map[string]string{"warning": "warn", "Critical": "error", "wran": "warn", "in fo": "info", "loud": ""} {
		var level value.LogLevel
		var meant *value.MeantError
		if err := level.UnmarshalText([]byte(text)); !errors.As(err, &meant) || meant.Value != want {
			t.Errorf("%s: got %v, want one that guesses at %q", text, meant, want)
		}
	}
}
