package value_test

import (
	"encoding"
	"fmt"
	"testing"

	"percore/entrypoint/config/value"
)

// A variable that is not set has its type's zero value, which `percore check` writes.
func TestTheFormOfWhatIsNotSet(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{value.AccessLog(""), ""},
		{value.Autorestart(""), ""},
		{value.Balance(""), ""},
		{value.Bind(""), ""},
		{value.Bool(false), "false"},
		{value.Command{}, ""},
		{value.Control(""), ""},
		{value.Count(0), "auto"},
		{value.Duration(0), "0s"},
		{value.ExitCodes(nil), ""},
		{value.ExitOn(""), ""},
		{value.ExitRemap(nil), ""},
		{value.Int(0), "0"},
		{value.Label(""), ""},
		{value.Listen(nil), ""},
		{value.LogFile(""), ""},
		{value.LogFormat(""), ""},
		{value.LogLevel(""), ""},
		{value.LogPrefix(""), ""},
		{value.Mode(""), ""},
		{value.Names(nil), ""},
		{value.NextUpstream(""), ""},
		{value.Paths(nil), ""},
		{value.Proxies{}, ""},
		{value.Ready{}, ""},
		{value.Share(0), "0"},
		{value.Signal(0), "0"},
		{value.SignalMap(nil), ""},
		{value.Signals(nil), ""},
		{value.Size(0), "0"},
		{value.TempPath(""), ""},
		{value.Umask{}, ""},
		{value.User(""), ""},
	} {
		if got := fmt.Sprint(c.value); got != c.want {
			t.Errorf("%T: got %q, want %q", c.value, got, c.want)
		}
	}
}

// envconfig finds how a type is read by this interface; a type without it would be read as its underlying one.
func TestEveryTypeReadsItsOwnText(t *testing.T) {
	for _, reader := range []any{
		new(value.AccessLog), new(value.Autorestart), new(value.Balance), new(value.Bind), new(value.Bool), new(value.Command),
		new(value.Control), new(value.Count), new(value.Duration), new(value.ExitCodes), new(value.ExitOn), new(value.ExitRemap),
		new(value.Int), new(value.Label), new(value.Listen), new(value.LogFile), new(value.LogFormat), new(value.LogLevel),
		new(value.LogPrefix), new(value.Mode), new(value.Names), new(value.NextUpstream), new(value.Paths), new(value.Proxies),
		new(value.Ready), new(value.Share), new(value.Signal), new(value.SignalMap), new(value.Signals), new(value.Size),
		new(value.TempPath),
		new(value.Umask), new(value.User),
	} {
		if _, is := reader.(encoding.TextUnmarshaler); !is {
			t.Errorf("%T reads no text", reader)
		}
	}
}
