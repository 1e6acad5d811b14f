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

// guesses holds what a type's error says was probably meant, for texts that it does not take.
func guesses[T any, P choice[T]](t *testing.T, want map[string]string) {
	t.Helper()
	for text, guess := range want {
		var got T
		var meant *value.MeantError
		err := P(&got).UnmarshalText([]byte(text))
		switch {
		case !errors.As(err, &meant):
			t.Errorf("%T %q: got error %v, want a guess", got, text, err)
		case meant.Value != guess:
			t.Errorf("%T %q: got the guess %q, want %q", got, text, meant.Value, guess)
		}
	}
}

// The remedy of a wrong word is the word that was meant, in another spelling, by another program's name for it, or behind a slip of the pen.
func TestWhatWasMeantIsGuessed(t *testing.T) {
	guesses[value.Autorestart](t, map[string]string{
		"always":         "true",
		"unless-stopped": "true",
		"on-failure":     "unexpected",
		"never":          "false",
		"unexpectd":      "unexpected",
		"sometimes":      "",
	})
	guesses[value.AccessLog](t, map[string]string{
		"true":     "combined",
		"common":   "combined",
		"CLF":      "combined",
		"none":     "off",
		"jsno":     "json",
		"logstash": "",
	})
	guesses[value.Balance](t, map[string]string{
		"leastconn":  "least_conn",
		"Least-Conn": "least_conn",
		"roundrobin": "round_robin",
		"rr":         "round_robin",
		"source":     "ip_hash",
		"p2c":        "random",
		"weighted":   "",
	})
	guesses[value.Bind](t, map[string]string{
		"socket": "unix",
		"uds":    "unix",
		"port":   "tcp",
		"tpc":    "tcp",
		"unx":    "unix",
	})
	guesses[value.ExitOn](t, map[string]string{
		"any":       "first-exit",
		"all":       "all-fatal",
		"all_fatal": "all-fatal",
		"firstexit": "first-exit",
		"nevr":      "never",
		"exit":      "",
	})
	guesses[value.LogFormat](t, map[string]string{
		"plain":   "text",
		"console": "text",
		"logfmt":  "text",
		"JSN":     "json",
		"gelf":    "",
	})
	guesses[value.LogLevel](t, map[string]string{
		"trace":    "debug",
		"verbose":  "debug",
		"notice":   "info",
		"warning":  "warn",
		"err":      "error",
		"critical": "error",
		"erorr":    "error",
		"silent":   "",
	})
	guesses[value.Mode](t, map[string]string{
		"proxy":  "http",
		"htp":    "http",
		"worker": "none",
		"off":    "none",
		"direct": "",
	})
	guesses[value.NextUpstream](t, map[string]string{
		"errors":   "error",
		"no":       "off",
		"none":     "off",
		"http_502": "",
	})
}
