package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestExitRemap(t *testing.T) {
	readAll[value.ExitRemap](t, []reading{
		{name: "one code", text: "143:0", want: "143:0"},
		{name: "several, with white space", text: " 143:0, 3 : 4 ", want: "143:0,3:4"},
		{name: "the ends of the range", text: "0:255,255:0", want: "0:255,255:0"},
		{name: "no colon", text: "143", err: "not a list of exit codes"},
		{name: "nothing behind the colon", text: "143:", err: "not a list of exit codes"},
		{name: "too large", text: "256:0", err: "0 to 255"},
		{name: "negative", text: "143:-1", err: "0 to 255"},
		{name: "a code twice", text: "3:4,3:5", err: "has exit code 3 twice"},
		{name: "an empty item", text: "143:0,", err: "not a list of exit codes"},
	})
}

func TestSignalMap(t *testing.T) {
	readAll[value.SignalMap](t, []reading{
		{name: "one signal", text: "TERM:QUIT", want: "TERM:QUIT"},
		{name: "one that is dropped", text: "HUP:", want: "HUP:"},
		{name: "several, in any form", text: "sigterm:3, 1:", want: "HUP:,TERM:QUIT"},
		{name: "a real-time one", text: "40:TERM", want: "40:TERM"},
		{name: "no colon", text: "TERM", err: "not a list of pairs"},
		{name: "no such signal", text: "TREM:QUIT", err: "before the colon is not a signal"},
		{name: "no such signal to become", text: "TERM:QUITE", err: "after the colon is not a signal"},
		{name: "one that cannot be caught", text: "KILL:TERM", err: "has KILL, which the kernel never delivers"},
		{name: "a signal twice", text: "TERM:QUIT,15:INT", err: "has TERM twice"},
	})
}
