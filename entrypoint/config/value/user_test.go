package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestUser(t *testing.T) {
	readAll[value.User](t, []reading{
		{name: "a name", text: "www-data", want: "www-data"},
		{name: "a uid", text: "1000", want: "1000"},
		{name: "a name and a group", text: "app:web_1", want: "app:web_1"},
		{name: "a uid and a gid", text: "65534:65534", want: "65534:65534"},
		{name: "a name that ends in a dollar", text: "host$", want: "host$"},
		{name: "no user", text: ":web", err: "not a user"},
		{name: "no group after the colon", text: "app:", err: "not a user"},
		{name: "two groups", text: "a:b:c", err: "not a user"},
		{name: "a space", text: "a b", err: "not a user"},
		{name: "an option", text: "-u", err: "not a user"},
		{name: "the uid that means no change", text: "4294967295", err: "not a user"},
		{name: "a uid that does not fit", text: "99999999999", err: "not a user"},
	})
	if user, group := value.User("app:web").Split(); user != "app" || group != "web" {
		t.Errorf("Split: got %q and %q, want app and web", user, group)
	}
	if user, group := value.User("app").Split(); user != "app" || group != "" {
		t.Errorf("Split: got %q and %q, want app and nothing", user, group)
	}
}
