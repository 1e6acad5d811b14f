package reaper_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/reaper"
)

// write makes a file with that mode and gives its path.
func write(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFailedSpawnSaysWhyAndWhatItMeans(t *testing.T) {
	r := start(t)
	dir := t.TempDir()
	plain := write(t, dir, "plain", "#!/bin/sh\n", 0o644)
	lost := write(t, dir, "lost", "#!/no/such/interpreter\n", 0o755)
	tests := []struct {
		name     string
		spec     reaper.Spec
		code     int
		contains string
	}{
		{"a path that does not exist is 127", reaper.Spec{Path: "/no/such/program"}, 127, "exec /no/such/program: "},
		{"a name that is nowhere on the PATH is 127", reaper.Spec{Path: "no-such-program"}, 127, "find no-such-program: "},
		{"a script whose interpreter is missing is 127", reaper.Spec{Path: lost}, 127, "exec " + lost},
		{"a file without the x bit is 126", reaper.Spec{Path: plain}, 126, "permission denied"},
		{"a directory is 126", reaper.Spec{Path: dir}, 126, "permission denied"},
		{"a file used as a directory is 126", reaper.Spec{Path: plain + "/x"}, 126, "not a directory"},
		{
			"a missing working directory is 126 and named",
			reaper.Spec{Path: "/bin/true", Dir: "/no/such/dir"},
			126, "chdir /no/such/dir: no such file",
		},
		{
			"a file as the working directory is 126",
			reaper.Spec{Path: "/bin/true", Dir: plain},
			126, "chdir " + plain + ": not a directory",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.Spawn(tt.spec)
			var failure *reaper.SpawnError
			if !errors.As(err, &failure) {
				t.Fatalf("Spawn: got %v, want a *SpawnError", err)
			}
			if failure.ExitCode() != tt.code || failure.Retriable() {
				t.Errorf("got code %d, retriable %v; want code %d, retriable false", failure.ExitCode(), failure.Retriable(), tt.code)
			}
			if !strings.Contains(err.Error(), tt.contains) {
				t.Errorf("got message %q, want it to contain %q", err, tt.contains)
			}
		})
	}
}

func TestShortagesAreRetriable(t *testing.T) {
	for errno, want := range map[syscall.Errno]bool{
		syscall.EAGAIN: true, syscall.ENOMEM: true, syscall.EMFILE: true, syscall.ENFILE: true, syscall.ETXTBSY: true,
		syscall.ENOENT: false, syscall.EACCES: false, syscall.ENOTDIR: false, syscall.EPERM: false, syscall.E2BIG: false,
	} {
		err := &reaper.SpawnError{Op: "exec", Path: "/x", Err: os.NewSyscallError("fork", errno)}
		if got := err.Retriable(); got != want {
			t.Errorf("Retriable of %v: got %v, want %v", errno, got, want)
		}
	}
}

func TestABusyProgramFileIsRetriable(t *testing.T) {
	r := start(t)
	path := write(t, t.TempDir(), "busy", "\x7fELF", 0o755)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = r.Spawn(reaper.Spec{Path: path})
	var failure *reaper.SpawnError
	if !errors.As(err, &failure) || !failure.Retriable() || !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("Spawn of a file that is being written: got %v, want a retriable ETXTBSY", err)
	}
}

func TestAScriptWithoutAnInterpreterLineRunsInTheShell(t *testing.T) {
	r := start(t)
	path := write(t, t.TempDir(), "script", "echo \"$1 from ${0##*/}\"\n", 0o755)
	got := output(t, r, reaper.Spec{Path: path, Args: []string{"anything", "hello"}})
	if want := "hello from script"; got != want {
		t.Errorf("script without #!: got %q, want %q", got, want)
	}
}

func TestAChildGetsItsDescriptorsAndNoOthers(t *testing.T) {
	// This one is open across exec, as a careless parent leaves it.
	leaked, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leaked)
	r := start(t)
	extra, _ := pipe(t)
	tests := []struct {
		name  string
		files []*os.File
		want  string
	}{
		{"three descriptors when no more are named", nil, "1 2"},
		{"one more", []*os.File{extra}, "1 2 3"},
		{"a hole stays a hole", []*os.File{extra, nil, extra}, "1 2 3 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := output(t, r, reaper.Spec{
				// The shell waits while ls looks at it; a Go child would show what its runtime opens for itself.
				Path: "/bin/sh", Args: []string{"sh", "-c", "ls /proc/$$/fd; true"}, Files: tt.files,
			})
			got = strings.Join(strings.Fields(got), " ")
			if got != tt.want {
				t.Errorf("descriptors of the child: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAListenerHandedToAChildStaysNonBlocking(t *testing.T) {
	r := start(t)
	reader, _ := pipe(t)
	_, exits := spawn(t, r, "exit 0", nil, nil, nil, reader)
	await(t, exits)
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fdOf(t, reader), syscall.F_GETFL, 0)
	if errno != 0 || flags&syscall.O_NONBLOCK == 0 {
		t.Errorf("flags after Spawn: got %#x (errno %v), want O_NONBLOCK set", flags, errno)
	}
}

func fdOf(t *testing.T, f *os.File) (fd uintptr) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Control(func(n uintptr) { fd = n }); err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestTheChildRunsWhereAndAsWhomItIsTold(t *testing.T) {
	r := start(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := reaper.Spec{Path: "sh", Args: []string{"sh", "-c", "echo $COLOUR $(pwd)"}, Env: []string{"COLOUR=red", "PATH=/bin:/usr/bin"}, Dir: "/"}
	if got, want := output(t, r, script), "red /"; got != want {
		t.Errorf("environment and directory: got %q, want %q", got, want)
	}
	uid := os.Geteuid()
	want := strconv.Itoa(uid)
	credential := &reaper.Credential{UID: uint32(uid), GID: uint32(os.Getegid())}
	if uid == 0 {
		credential, want = &reaper.Credential{UID: 65534, GID: 65534, Groups: []uint32{65534}}, "65534"
	}
	id := reaper.Spec{Path: "/bin/sh", Args: []string{"sh", "-c", "id -u"}, Credential: credential, Pdeathsig: syscall.SIGKILL}
	if got := output(t, r, id); got != want {
		t.Errorf("uid of the child: got %q, want %q", got, want)
	}
}

func TestTheChildSeesTheLimitPercoreStartedWith(t *testing.T) {
	r := start(t)
	got := output(t, r, reaper.Spec{Path: "/bin/sh", Args: []string{"sh", "-c", "ulimit -Sn"}})
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	t.Logf("soft limit of open files: child %s, this process %d", got, now.Cur)
	if soft, err := strconv.ParseUint(got, 10, 64); err == nil && soft > now.Cur {
		t.Errorf("soft limit: got %d in the child, want at most %d", soft, now.Cur)
	}
}

func TestTheChildHasCleanSignals(t *testing.T) {
	catchIgnored(t)
	r := start(t)
	status := output(t, r, reaper.Spec{Path: "/bin/cat", Args: []string{"cat", "/proc/self/status"}})
	for _, field := range []string{"SigIgn", "SigCgt"} {
		_, rest, _ := strings.Cut(status, field+":\t")
		got, _, _ := strings.Cut(rest, "\n")
		want := "0000000000000000"
		if field == "SigIgn" {
			want = fmt.Sprintf("%016x", libcsIgnored(t))
		}
		if got != want {
			t.Errorf("%s of the child: got %q, want %q", field, got, want)
		}
	}
}

// libcsIgnored are the signals 32 and 33 where this process ignores them: glibc's posix_spawn, which make uses,
// leaves that to what it starts, and so to everything below.
func libcsIgnored(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "SigIgn:\t")
	value, _, _ := strings.Cut(rest, "\n")
	ignored, err := strconv.ParseUint(value, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ignored & (1<<31 | 1<<32)
}

func TestAChildThatNeedsNoTerminalHasASessionOfItsOwn(t *testing.T) {
	r := start(t)
	for _, session := range []bool{true, false} {
		// pid, process group, session: the first and the third, fourth and fifth field behind the name (man 5 proc).
		got := strings.Fields(output(t, r, reaper.Spec{
			Path: "/bin/sh", Args: []string{"sh", "-c", `read pid name state parent group session rest </proc/self/stat; echo $pid $group $session`}, Session: session,
		}))
		if len(got) != 3 || got[1] != got[0] || (got[2] == got[0]) != session {
			t.Errorf("with Session %t: got pid, group and session %v, want it to lead its group, and a session only when it is asked for", session, got)
		}
	}
}
