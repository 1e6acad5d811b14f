package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestTempPath(t *testing.T) {
	readAll[value.TempPath](t, []reading{
		{name: "a folder", text: "/var/tmp", want: "/var/tmp"},
		{name: "a slash behind it", text: "/var/tmp/", want: "/var/tmp"},
		{name: "dots", text: "/var/./cache/../tmp", want: "/var/tmp"},
		{name: "a blank in it", text: "/var/my tmp", want: "/var/my tmp"},
		{name: "memory", text: "memory", want: "memory"},
		{name: "memory, loudly", text: "MEMORY", want: "memory"},
		{name: "a folder of that name", text: "/memory", want: "/memory"},
		{name: "a relative path", text: "tmp", err: "neither an absolute path nor memory"},
		{name: "nothing", text: "", err: "neither an absolute path nor memory"},
		{name: "off", text: "off", err: "neither an absolute path nor memory"},
		{name: "the levels of nginx", text: "/spool/nginx 1 2", err: "write the path alone"},
		{name: "one level", text: "/spool/nginx 1", err: "write the path alone"},
		{name: "a number for a name", text: "/1", want: "/1"},
	})
}

func TestTheFolderOfATempPath(t *testing.T) {
	for path, want := range map[value.TempPath]string{"/var/tmp": "/var/tmp", value.TempMemory: "", "": ""} {
		if got := path.Folder(); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestTempPathsOfOthers(t *testing.T) {
	readSpellings[value.TempPath](t, []spelling{
		{"nginx", "/var/lib/nginx/body", "/var/lib/nginx/body"},
		{"nginx", "/spool/nginx/client_temp 1 2", ""},
		{"nginx", "client_body_temp", ""},
		{"gunicorn", "/dev/shm", "/dev/shm"},
		{"Docker", "tmpfs:/tmp", ""},
		{"Kubernetes", "Memory", "memory"},
		{"memfd_create", "memfd", ""},
		{"a shell", "$TMPDIR", ""},
		{"a shell", "~/tmp", ""},
		{"Windows", `C:\Temp`, ""},
		{"a URL", "file:///tmp", ""},
		{"the root", "/", "/"},
	})
}
