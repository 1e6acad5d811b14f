package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestUmask(t *testing.T) {
	readAll[value.Umask](t, []reading{
		{name: "as a shell writes it", text: "0022", want: "022"},
		{name: "three digits", text: "027", want: "027"},
		{name: "as Go writes it", text: "0o77", want: "077"},
		{name: "digits alone", text: "2", want: "002"},
		{name: "no bit at all, which is not the same as none set", text: "0", want: "000"},
		{name: "every bit", text: "777", want: "777"},
		{name: "a digit that octal numbers do not have", text: "028", err: "octal"},
		{name: "bits beyond the permissions", text: "1000", err: "octal"},
		{name: "the prefix alone", text: "0o", err: "octal"},
		{name: "a negative number", text: "-2", err: "octal"},
		{name: "symbolic, as chmod has it", text: "u=rwx", err: "octal"},
	})
	var unset value.Umask
	if unset.Set || unset.String() != "" {
		t.Errorf("a umask that was not set: got %+v and %q, want nothing", unset, unset)
	}
	var zero value.Umask
	if err := zero.UnmarshalText([]byte("000")); err != nil || !zero.Set || zero.Bits != 0 {
		t.Errorf("000: got %+v and error %v, want a set mask without bits", zero, err)
	}
}
