package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestExitCodes(t *testing.T) {
	readAll[value.ExitCodes](t, []reading{
		{name: "one", text: "0", want: "0"},
		{name: "several with spaces", text: "0, 2 ,255", want: "0,2,255"},
		{name: "beyond a byte", text: "256", err: "0 to 255"},
		{name: "a negative number", text: "-1", err: "0 to 255"},
		{name: "a missing item", text: "0,,2", err: "0 to 255"},
		{name: "words", text: "zero", err: "0 to 255"},
	})
	codes := value.ExitCodes{0, 2}
	if !codes.Contains(2) || codes.Contains(1) {
		t.Errorf("%v: got Contains(2) %t and Contains(1) %t, want true and false", codes, codes.Contains(2), codes.Contains(1))
	}
}

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

func TestAnExitCodeIsLookedFor(t *testing.T) {
	codes := value.ExitCodes{0, 2, 255}
	for code, want := range map[int]bool{0: true, 2: true, 255: true, 1: false, -1: false, 256: false} {
		if got := codes.Contains(code); got != want {
			t.Errorf("%d in %v: got %t, want %t", code, codes, got, want)
		}
	}
	if value.ExitCodes(nil).Contains(0) {
		t.Error("an empty list has no code, and so not 0")
	}
}
