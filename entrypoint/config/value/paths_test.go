package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestPaths(t *testing.T) {
	readAll[value.Paths](t, []reading{
		{name: "one", text: "/healthz", want: "/healthz"},
		{name: "several, with blanks", text: "/healthz, /static/", want: "/healthz,/static/"},
		{name: "no slash", text: "healthz", err: "begin with a slash"},
		{name: "nothing between commas", text: "/a,,/b", err: "begin with a slash"},
		{name: "a query", text: "/a?b", err: "has a query"},
	})
}

func TestPathsAreComparedAsTheyAreWritten(t *testing.T) {
	readAll[value.Paths](t, []reading{
		{name: "the root stands for all", text: "/", want: "/"},
		{name: "escapes stay", text: "/a%20b", want: "/a%20b"},
		{name: "other scripts", text: "/büro/", want: "/büro/"},
		{name: "dots are no matter of this type", text: "/a/../b", want: "/a/../b"},
		{name: "the same path twice", text: "/a,/a", want: "/a,/a"},
		{name: "a fragment", text: "/a#top", err: "has a query"},
		{name: "a whole URL", text: "http://host/healthz", err: "begin with a slash"},
		{name: "a pattern of nginx", text: "~ ^/static/", err: "begin with a slash"},
		{name: "nothing", text: "", err: "begin with a slash"},
	})
}
