package value_test

import (
	"errors"
	"testing"

	"percore/entrypoint/config/value"
)

func TestReady(t *testing.T) {
	readAll[value.Ready](t, []reading{
		{name: "tcp", text: "tcp", want: "tcp"},
		{name: "none in capitals", text: "NONE", want: "none"},
		{name: "a path", text: "http:/healthz", want: "http:/healthz"},
		{name: "a path with a query and a colon", text: "http:/up?x=1:2", want: "http:/up?x=1:2"},
		{name: "http without a path", text: "http", err: "needs a path"},
		{name: "a path without its slash", text: "http:healthz", err: "needs a path"},
		{name: "a path with a space", text: "http:/a b", err: "%XX"},
		{name: "a path that would add a header", text: "http:/a\r\nX: y", err: "%XX"},
		{name: "tcp with something after it", text: "tcp:8000", err: "must be one of"},
		{name: "no such kind", text: "exec:/bin/true", err: "must be one of"},
	})
}

// A guess goes into the remedy: did you mean PERCORE_READY=http:/ok?
func TestAGuessAtAReadiness(t *testing.T) {
	for text, want := range map[string]string{
		"/healthz":                 "http:/healthz",
		"http://127.0.0.1:8000/ok": "http:/ok",
		"https://host/a/b?c":       "http:/a/b?c",
		"HTTP://host":              "http:/",
		"http:healthz":             "http:/healthz",
		"http":                     "http:/",
		"http:/a b":                "",
		"exec:/bin/true":           "",
	} {
		var r value.Ready
		err := r.UnmarshalText([]byte(text))
		guess := ""
		if meant := (*value.MeantError)(nil); errors.As(err, &meant) {
			guess = meant.Value
		}
		if err == nil || guess != want {
			t.Errorf("%s: got error %v and guess %q, want guess %q", text, err, guess, want)
		}
		if want != "" && r.UnmarshalText([]byte(guess)) != nil {
			t.Errorf("%s: the guess %s is refused itself", text, guess)
		}
	}
}

func TestWhichReadinessNeedsAPort(t *testing.T) {
	for kind, want := range map[value.ReadyKind]bool{
		value.ReadyTCP: true, value.ReadyHTTP: true, value.ReadyNotify: false, value.ReadyNone: false,
	} {
		if got := (value.Ready{Kind: kind, Path: "/"}).NeedsPort(); got != want {
			t.Errorf("%s: got %t, want %t", kind, got, want)
		}
	}
}
