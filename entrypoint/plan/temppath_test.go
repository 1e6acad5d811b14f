package plan

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper"
)

// open makes a folder that every user may go to, with these rights.
func open(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bodies")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	for path := filepath.Dir(dir); path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantEmpty holds that nothing was left in a folder.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("got %v (%v) left behind, want nothing", list, err)
	}
}

func TestWhereBodiesAreHeldByDefault(t *testing.T) {
	dir := open(t, 0o700)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		folder  string
		want    value.TempPath
		why     string
	}{
		"in a folder that can be written":   {folder: dir, want: value.TempPath(dir), why: " can be written"},
		"in memory where there is none":     {folder: dir + "/none", want: value.TempMemory, why: "cannot be written: no such file or directory"},
		"in memory where it is a file":      {folder: file, want: value.TempMemory, why: "not a directory"},
		"in no place without a front door":  {environ: []string{"PERCORE_MODE=none"}, folder: dir},
		"in memory where that is said":      {environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=memory"}, folder: dir, want: value.TempMemory},
		"where it is said, and not in /tmp": {environ: []string{"PERCORE_CLIENT_BODY_TEMP_PATH=" + dir}, folder: "/no/such", want: value.TempPath(dir)},
	} {
		cfg := configOf(t, c.environ...)
		err := chooseTempPath(cfg, nil, c.folder)
		if got := cfg.ClientBodyTempPath; err != nil || got != c.want {
			t.Errorf("%s: got %q and %v, want %q", name, got, err, c.want)
		}
		if why := cfg.Setting("PERCORE_CLIENT_BODY_TEMP_PATH").Reason; (c.why == "") != (why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: got the reason %q, want %q", name, why, c.why)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	wantEmpty(t, dir)
}

func TestAFolderThatWasSetAndIsOfNoUse(t *testing.T) {
	dir := open(t, 0o700)
	file := filepath.Join(dir, "file")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), syscall.Mkfifo(dir+"/fifo", 0o600)); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		dir + "/none": "no such file or directory", file: "not a directory", dir + "/fifo": "not a directory",
		file + "/below": "not a directory", "/proc": "",
	} {
		err := ChooseTempPath(configOf(t, "PERCORE_CLIENT_BODY_TEMP_PATH="+folder), nil)
		var setting *SettingError
		switch {
		case !errors.As(err, &setting):
			t.Errorf("%s: got %v, want an error about the variable", folder, err)
		case setting.Name != "PERCORE_CLIENT_BODY_TEMP_PATH" || setting.Value != folder || setting.Mend == "":
			t.Errorf("%s: got %+v, want the variable, its value and what to do", folder, setting)
		case !strings.HasPrefix(setting.Err.Error(), "cannot be written: "+want):
			t.Errorf("%s: got %v, want %q", folder, setting.Err, want)
		}
	}
}

// The front door is another user than percore where that is root, and its rights are what counts: in the folder and on
// the way to it.
func TestTheFolderIsTriedAsTheFrontDoor(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: takes root")
	}
	front := &reaper.Credential{UID: 65534, GID: 65534, Name: "nobody"}
	closed := open(t, 0o700)
	below := filepath.Join(closed, "below")
	if err := errors.Join(os.Mkdir(below, 0o700), os.Chmod(below, 0o777)); err != nil {
		t.Fatal(err)
	}
	theirs := open(t, 0o700)
	if err := os.Chown(theirs, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ folder, want string }{
		"a folder of root's":            {closed, "cannot be written by nobody, the front door's user: permission denied"},
		"one that may only be read":     {open(t, 0o755), "permission denied"},
		"one below a folder of root's":  {below, "permission denied"},
		"one that is theirs":            {theirs, ""},
		"one that is everybody's":       {open(t, 0o777), ""},
		"one that is, as /tmp is":       {open(t, 0o777|os.ModeSticky), ""},
		"one that may be written alone": {open(t, 0o703), ""},
	} {
		err := ChooseTempPath(configOf(t, "PERCORE_CLIENT_BODY_TEMP_PATH="+c.folder), front)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	cfg := configOf(t)
	if err := chooseTempPath(cfg, front, closed); err != nil || cfg.ClientBodyTempPath != value.TempMemory {
		t.Errorf("by default: got %q and %v, want memory", cfg.ClientBodyTempPath, err)
	}
	wantEmpty(t, theirs)
}

// mounted calls do on a thread of its own, to which dir is such a file system.
func mounted(t *testing.T, dir, kind string, flags uintptr, options string, do func()) {
	t.Helper()
	done, skip := make(chan struct{}), ""
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its mounts
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			skip = err.Error()
			return
		}
		err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("x", dir, kind, flags, options))
		if err != nil {
			skip = err.Error()
			return
		}
		do()
	}()
	<-done
	if skip != "" {
		t.Skip("SKIPPED: takes the right to mount: " + skip)
	}
}

func TestAFileSystemThatIsReadOnlyOrFull(t *testing.T) {
	dir := open(t, 0o777)
	for name, c := range map[string]struct {
		flags   uintptr
		options string
		want    string
	}{
		"one to write to":            {options: "mode=0777"},
		"one where nothing runs":     {flags: unix.MS_NOEXEC | unix.MS_NOSUID | unix.MS_NODEV, options: "mode=0777"},
		"one that is read-only":      {flags: unix.MS_RDONLY, options: "mode=0777", want: "cannot be written: read-only file system"},
		"one that has no room left":  {options: "mode=0777,nr_inodes=1"},
		"one that is somebody's own": {options: "mode=0700,uid=4242", want: "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			var front *reaper.Credential
			if c.want == "permission denied" {
				front = &reaper.Credential{UID: 65534, GID: 65534, Name: "nobody"}
			}
			var err error
			cfg := configOf(t, tempVariable+"="+dir)
			mounted(t, dir, "tmpfs", c.flags, c.options, func() { err = ChooseTempPath(cfg, front) })
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	wantEmpty(t, dir)
}

// One that makes only files with names is good enough, and none is left there: mqueue has no O_TMPFILE.
func TestAFileSystemThatHasNoFilesWithoutNames(t *testing.T) {
	dir := open(t, 0o777)
	var err, listed error
	var left []os.DirEntry
	cfg := configOf(t, tempVariable+"="+dir)
	mounted(t, dir, "mqueue", 0, "", func() {
		before, _ := os.ReadDir(dir)
		err = ChooseTempPath(cfg, nil)
		left, listed = os.ReadDir(dir)
		left = left[min(len(before), len(left)):]
	})
	if err != nil || listed != nil || len(left) > 0 {
		t.Errorf("got %v, and %v (%v) left, want no error and nothing", err, left, listed)
	}
}

// What is wrong for a moment ends no start, and a file system may have no files without names.
func TestWhichErrorsSpeakAgainstAFolder(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.ENOSPC: true, syscall.EDQUOT: true, syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOMEM: true,
		syscall.EROFS: false, syscall.EACCES: false, syscall.ENOENT: false, syscall.EIO: false, nil: false,
	} {
		if got := isPassing(err); got != want {
			t.Errorf("%v: got passing %t, want %t", err, got, want)
		}
	}
	for err, want := range map[error]bool{
		syscall.EOPNOTSUPP: true, syscall.EISDIR: true, syscall.EINVAL: true, syscall.EACCES: false, nil: false,
	} {
		if got := hasNoTempFiles(err); got != want {
			t.Errorf("%v: got no such files %t, want %t", err, got, want)
		}
	}
}

func TestAnUpdateKeepsWhereBodiesAreHeld(t *testing.T) {
	gone, other := filepath.Join(open(t, 0o755), "gone"), open(t, 0o777)
	chosen := func(environ ...string) *config.Config {
		cfg := configOf(t, environ...)
		if !cfg.IsSet(tempVariable) {
			cfg.ChooseTempPath("/somewhere", "it can be written")
		}
		return cfg
	}
	for name, c := range map[string]struct {
		before, after []string
		want          value.TempPath
		err           string
	}{
		"nothing is said":         {want: "/somewhere"},
		"the same is said":        {before: []string{tempVariable + "=" + gone}, after: []string{tempVariable + "=" + gone}, want: value.TempPath(gone)},
		"another one":             {before: []string{tempVariable + "=" + gone}, after: []string{tempVariable + "=" + other}, want: value.TempPath(other)},
		"one for the first time":  {after: []string{tempVariable + "=" + other}, want: value.TempPath(other)},
		"one that is of no use":   {after: []string{tempVariable + "=" + gone}, want: value.TempPath(gone), err: "no such file"},
		"none any more":           {before: []string{tempVariable + "=" + gone}, want: tempFolder},
		"memory, which is always": {after: []string{tempVariable + "=memory"}, want: value.TempMemory},
	} {
		current, cfg := chosen(c.before...), configOf(t, c.after...)
		err := KeepTempPath(cfg, current, nil)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || cfg.ClientBodyTempPath != c.want {
			t.Errorf("%s: got %q and %v, want %q and %q", name, cfg.ClientBodyTempPath, err, c.want, c.err)
		}
	}
	current := chosen(tempVariable + "=" + gone)
	if err := KeepTempPath(current, current, nil); err != nil {
		t.Errorf("what holds, beside itself: got %v", err)
	}
}
