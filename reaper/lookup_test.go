package reaper_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"syscall"
	"testing"

	"percore/reaper"
)

func TestWhatWeMayNotExecuteIsPassedOver(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root becomes somebody else")
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"mine": 0o700, "all": 0o755} {
		if err := errors.Join(os.Mkdir(dir+"/"+name, 0o755), os.WriteFile(dir+"/"+name+"/prog", nil, mode), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread ends, and with it the other user
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), 65534, ^uintptr(0)); errno != 0 {
			t.Error(errno)
			return
		}
		if got, err := reaper.LookPath("prog", "", dir+"/mine:"+dir+"/all"); got != dir+"/all/prog" {
			t.Errorf("got %q and %v, want the one that everybody may execute", got, err)
		}
		if got, err := reaper.LookPath("prog", "", dir+"/mine"); err == nil || !errors.Is(err, syscall.EACCES) {
			t.Errorf("got %q and %v, want EACCES", got, err)
		}
	}()
	<-done
}

func TestLookPathSearchesAsExecvpDoes(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"a", "b", "work"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a, b, work := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "work")
	write(t, a, "refused", "", 0o644)
	write(t, a, "both", "", 0o644)
	write(t, b, "both", "", 0o755)
	write(t, b, "tool", "", 0o755)
	write(t, work, "local", "", 0o755)
	if err := os.Mkdir(filepath.Join(a, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file, path string
		want             string
		code             int
	}{
		{"the first executable wins", "tool", b + ":" + a, b + "/tool", 0},
		{"a directory of that name is passed over", "tool", a + ":" + b, b + "/tool", 0},
		{"a file without the x bit is passed over", "both", a + ":" + b, b + "/both", 0},
		{"and remembered when nothing follows", "refused", a + ":" + b, "", 126},
		{"nothing at all is not found", "absent", a + ":" + b, "", 127},
		{"a missing directory on the path does not matter", "tool", "/no/such:" + b, b + "/tool", 0},
		{"a file on the path does not matter", "tool", b + "/tool:" + b, b + "/tool", 0},
		{"an empty element is the working directory", "local", "::" + a, "./local", 0},
		{"a dot is too, and no error", "local", ".", "./local", 0},
		{"a relative element starts at the working directory", "tool", "../b", "../b/tool", 0},
		{"a slash in the name means no search", "../b/tool", a, "../b/tool", 0},
		{"a slash in the name of nothing", "./absent", a, "", 127},
		{"an empty name is not found", "", a, "", 127},
		{"an unset path is the usual one", "sh", "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := reaper.LookPath(tt.file, work, tt.path)
			if code := exitCode(t, err); code != tt.code {
				t.Errorf("exit code: got %d (%v), want %d", code, err, tt.code)
			}
			if tt.want != "" && got != tt.want {
				t.Errorf("path: got %q, want %q", got, tt.want)
			}
		})
	}
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var failure *reaper.SpawnError
	if !errors.As(err, &failure) {
		t.Fatalf("got error %v, want a *SpawnError", err)
	}
	return failure.ExitCode()
}

func TestLookupUserReadsEveryForm(t *testing.T) {
	tests := []struct {
		spec string
		want reaper.Credential
	}{
		{"1234:5678", reaper.Credential{UID: 1234, GID: 5678, Groups: []uint32{5678}, Name: "1234", Home: "/"}},
		{"root:0", reaper.Credential{Groups: []uint32{0}, Name: "root", Home: "/root"}},
		{"0:root", reaper.Credential{Groups: []uint32{0}, Name: "root", Home: "/root"}},
		{"root:77", reaper.Credential{GID: 77, Groups: []uint32{77}, Name: "root", Home: "/root"}},
	}
	for _, tt := range tests {
		got, err := reaper.LookupUser(tt.spec)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("LookupUser(%q): got %+v, error %v; want %+v", tt.spec, got, err, tt.want)
		}
	}
	for _, spec := range []string{"root", "0"} {
		got, err := reaper.LookupUser(spec)
		if err != nil || got.UID != 0 || got.Name != "root" || got.Home != "/root" || len(got.Groups) == 0 {
			t.Errorf("LookupUser(%q): got %+v, error %v; want root with its groups", spec, got, err)
		}
	}
}

func TestLookupUserRefusesWhatItCannotKnow(t *testing.T) {
	tests := []struct{ spec, want string }{
		{"no-such-user", `look up user "no-such-user": no such name`},
		{"root:no-such-group", `look up group "no-such-group": no such name`},
		{"54321", `look up user "54321": not in /etc/passwd, so its group must be named, as in 54321:54321`},
		{"", `look up user "": no such name`},
		{"root:", `look up group "": no such name`},
		{"4294967295:1", `look up user "4294967295": no such name`},
	}
	for _, tt := range tests {
		_, err := reaper.LookupUser(tt.spec)
		if err == nil || err.Error() != tt.want {
			t.Errorf("LookupUser(%q): got error %v, want %q", tt.spec, err, tt.want)
		}
	}
}
