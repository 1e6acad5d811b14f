package value_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config/value"
)

func TestControl(t *testing.T) {
	readAll[value.Control](t, []reading{
		{name: "a path", text: "/run/percore.sock", want: "/run/percore.sock"},
		{name: "an abstract name", text: "@percore", want: "@percore"},
		{name: "no socket at all", text: "OFF", want: "off"},
		{name: "a path as long as may be", text: "/" + strings.Repeat("a", 98), want: "/" + strings.Repeat("a", 98)},
		{name: "a path too long for the kernel", text: "/" + strings.Repeat("a", 99), err: "at most 99 bytes"},
		{name: "a path that depends on where one is", text: "run/percore.sock", err: "absolute"},
		{name: "a folder", text: "/run/", err: "absolute"},
		{name: "an empty name", text: "@", err: "@name"},
		{name: "a TCP port", text: ":9001", err: "absolute"},
	})
}
