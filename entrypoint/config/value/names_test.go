package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestNames(t *testing.T) {
	readAll[value.Names](t, []reading{
		{name: "one", text: "mailer", want: "mailer"},
		{name: "several, with spaces", text: "mailer, cron ,x", want: "mailer,cron,x"},
		{name: "every kind of character", text: "Mail_in-2.b", want: "Mail_in-2.b"},
		{name: "the same name twice, which the loader finds", text: "a,a", want: "a,a"},
		{name: "an empty item", text: "a,,b", err: "not a list of names"},
		{name: "a comma at the end", text: "a,", err: "not a list of names"},
		{name: "nothing", text: "", err: "not a list of names"},
		{name: "a space inside", text: "mail in", err: "not a list of names"},
		{name: "a colon, which parts group and name", text: "a:b", err: "not a list of names"},
		{name: "other scripts", text: "büro", err: "not a list of names"},
	})
}

func TestNamesAreHandedOnAsTheyAreWritten(t *testing.T) {
	var names value.Names
	if err := names.UnmarshalText([]byte("Mailer, cron.2")); err != nil {
		t.Fatal(err)
	}
	if len(names) != 2 || names[0] != "Mailer" || names[1] != "cron.2" {
		t.Errorf("got %q, want both, in their own case", []string(names))
	}
}
