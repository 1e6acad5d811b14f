package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestBool(t *testing.T) {
	var cases []reading
	for _, text := range []string{"true", "yes", "on", "1", "TRUE", "Yes"} {
		cases = append(cases, reading{name: text, text: text, want: "true"})
	}
	for _, text := range []string{"false", "no", "off", "0", "OFF"} {
		cases = append(cases, reading{name: text, text: text, want: "false"})
	}
	for _, text := range []string{"2", "t", "enabled", "truely"} {
		cases = append(cases, reading{name: text, text: text, err: "not a boolean"})
	}
	readAll[value.Bool](t, cases)
}

func TestInt(t *testing.T) {
	readAll[value.Int](t, []reading{
		{name: "a number", text: "42", want: "42"},
		{name: "a leading zero does not make it octal", text: "010", want: "10"},
		{name: "a negative number", text: "-3", want: "-3"},
		{name: "hexadecimal", text: "0x10", err: "is not a whole number"},
		{name: "an underscore", text: "1_000", err: "is not a whole number"},
		{name: "a fraction", text: "1.5", err: "is not a whole number"},
		{name: "words", text: "many", err: "is not a whole number"},
		{name: "more than fits", text: "99999999999999999999", err: "too large"},
	})
}

func TestCount(t *testing.T) {
	readAll[value.Count](t, []reading{
		{name: "auto", text: "auto", want: "auto"},
		{name: "auto in capitals", text: "AUTO", want: "auto"},
		{name: "a number", text: "4", want: "4"},
		{name: "a leading zero", text: "08", want: "8"},
		{name: "none is not a count", text: "0", err: "at least 1"},
		{name: "a negative number", text: "-1", err: "at least 1"},
		{name: "words", text: "many", err: "neither auto nor"},
	})
	if got := value.Auto.Or(3); got != 3 {
		t.Errorf("Auto.Or(3): got %d, want 3", got)
	}
	if got := value.Count(2).Or(3); got != 2 {
		t.Errorf("Count(2).Or(3): got %d, want 2", got)
	}
}

func TestTheEndsOfNumbers(t *testing.T) {
	readAll[value.Int](t, []reading{
		{name: "the largest", text: "2147483647", want: "2147483647"},
		{name: "one more", text: "2147483648", err: "too large"},
		{name: "the least", text: "-2147483648", want: "-2147483648"},
		{name: "one less", text: "-2147483649", err: "too large"},
		{name: "a plus sign", text: "+4", want: "4"},
		{name: "a space", text: " 4", err: "not a whole number"},
		{name: "nothing", text: "", err: "not a whole number"},
		{name: "other digits", text: "٤", err: "not a whole number"},
	})
	readAll[value.Count](t, []reading{
		{name: "one", text: "1", want: "1"},
		{name: "the largest, which a tag limits", text: "2147483647", want: "2147483647"},
		{name: "one more", text: "2147483648", err: "neither auto nor"},
		{name: "auto with a space", text: "auto ", err: "neither auto nor"},
		{name: "nothing", text: "", err: "neither auto nor"},
	})
	readAll[value.Share](t, []reading{
		{name: "every request", text: "100%", want: "1"},
		{name: "none", text: "0%", want: "0"},
		{name: "a small part", text: "1e-3", want: "0.001"},
		{name: "infinity", text: "Inf", err: "0 to 1"},
		{name: "a percent sign alone", text: "%", err: "0 to 1"},
		{name: "two percent signs", text: "5%%", err: "0 to 1"},
		{name: "just above the whole", text: "1.0001", err: "0 to 1"},
	})
}
