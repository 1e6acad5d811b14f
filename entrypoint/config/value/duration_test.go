package value_test

import (
	"testing"
	"time"

	"percore/entrypoint/config/value"
)

func TestDuration(t *testing.T) {
	readAll[value.Duration](t, []reading{
		{name: "bare seconds", text: "10", want: "10s"},
		{name: "a fraction of a second", text: "0.5", want: "500ms"},
		{name: "a fraction without its zero", text: ".25", want: "250ms"},
		{name: "nothing at all", text: "0", want: "0s"},
		{name: "Go syntax", text: "1m30s", want: "1m30s"},
		{name: "milliseconds", text: "250ms", want: "250ms"},
		{name: "whole hours are written short", text: "1h", want: "1h"},
		{name: "whole minutes are written short", text: "60", want: "1m"},
		{name: "hours and minutes keep the minutes", text: "90m", want: "1h30m"},
		{name: "ten minutes keep their zero", text: "10m", want: "10m"},
		{name: "leading zeros are decimal", text: "010", want: "10s"},
		{name: "a year", text: "8760h", want: "8760h"},
		{name: "a negative number", text: "-1", err: "between 0"},
		{name: "a negative unit", text: "-1s", err: "between 0"},
		{name: "more than a year", text: "99999999999", err: "between 0"},
		{name: "more than a year in hours", text: "8761h", err: "between 0"},
		{name: "a day", text: "1d", err: "not a duration"},
		{name: "an exponent", text: "1e3", err: "not a duration"},
		{name: "infinity", text: "inf", err: "not a duration"},
		{name: "hexadecimal", text: "0x10", err: "not a duration"},
		{name: "two points", text: "1.2.3", err: "not a duration"},
		{name: "a lone point", text: ".", err: "not a duration"},
		{name: "words", text: "soon", err: "not a duration"},
	})
}

func TestDurationIsTimeDuration(t *testing.T) {
	var d value.Duration
	if err := d.UnmarshalText([]byte("0.001")); err != nil || time.Duration(d) != time.Millisecond {
		t.Errorf("0.001: got %v and error %v, want 1ms", time.Duration(d), err)
	}
}
