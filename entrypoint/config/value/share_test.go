package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestShare(t *testing.T) {
	readAll[value.Share](t, []reading{
		{name: "all", text: "1", want: "1"},
		{name: "none", text: "0", want: "0"},
		{name: "a part", text: "0.01", want: "0.01"},
		{name: "a percentage", text: "25%", want: "0.25"},
		{name: "more than all", text: "1.5", err: "0 to 1"},
		{name: "less than none", text: "-0.1", err: "0 to 1"},
		{name: "no number", text: "NaN", err: "0 to 1"},
		{name: "a word", text: "half", err: "0 to 1"},
	})
}
