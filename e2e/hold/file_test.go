package hold

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// heldFile is a file of the front door that has no name any more.
type heldFile struct {
	path string // that it had, or of its folder
	os.FileInfo
}

// fault says what others than the front door's user may do with a file, and who they are. One in memory has no path to
// it but through /proc, which the kernel guards (man 5 proc), and a mode of its own.
func (f heldFile) fault(hasMode bool) error {
	stat := f.Sys().(*syscall.Stat_t)
	if f.Mode().Perm() != 0o600 && hasMode || stat.Uid != frontUser || stat.Nlink != 0 {
		return fmt.Errorf("%s: got %v of user %d with %d names, want 0600, %d and none",
			f.path, f.Mode(), stat.Uid, stat.Nlink, frontUser)
	}
	return nil
}

// nameless lists them.
func (s *service) nameless() (list []heldFile) {
	s.Helper()
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.Front().PID)) // the pattern is well-formed
	for _, link := range links {
		path, _ := os.Readlink(link)
		info, err := os.Stat(link)
		if err != nil || !strings.HasSuffix(path, " (deleted)") || !info.Mode().IsRegular() {
			continue
		}
		list = append(list, heldFile{path, info})
	}
	return list
}

// TestWhatIsHeldIsForTheFrontDoorAlone: a file of its user, which no other may read, without a name from the
// beginning.
func TestWhatIsHeldIsForTheFrontDoorAlone(t *testing.T) {
	for _, where := range []struct{ name, variable, prefix string }{
		{"in a folder", "set", "TEMP"},
		{"in memory", "off", "/memfd:percore-body"},
	} {
		t.Run(where.name, func(t *testing.T) {
			s := startHeldIn(t, where.variable)
			before := len(s.nameless())
			upload, reader := s.client(here), s.client(here)
			upload.beginUpload("PUT", "/echo", content[:uploadBytes], true, uploadBytes/2)
			reader.ask("GET", "/large")
			reader.awaitByte()
			s.awaitHeld(2)
			files := s.nameless()
			if len(files) != before+2 {
				t.Errorf("files: got %v, want one more for the request and one for the answer", files)
			}
			prefix := strings.Replace(where.prefix, "TEMP", s.temp()+"/", 1)
			files = slices.DeleteFunc(files, func(f heldFile) bool { return !strings.HasPrefix(f.path, prefix) })
			if len(files) != 2 {
				t.Errorf("files in %s: got %v, want two", prefix, files)
			}
			for _, f := range files {
				if err := f.fault(where.prefix == "TEMP"); err != nil {
					t.Error(err)
				}
			}
			s.wantEmptyFolder()
			upload.finish()
			upload.wantEcho("PUT", content[:uploadBytes])
			reader.wantLarge()
			s.awaitHeld(0)
		})
	}
}

// startHeldIn starts a percore that holds bodies in its folder, or, where a read-only root leaves no folder, in
// memory.
func startHeldIn(t *testing.T, variable string) *service {
	t.Helper()
	if variable == "set" {
		return start(t, wsgi, nil)
	}
	ownMounts(t)
	dir := folder(t)
	mountTmpfs(t, dir, "64m")
	remountRoot(t)
	return startUnder(t, dir, nil, wsgi, env{"PERCORE_CLIENT_BODY_TEMP_PATH": ""})
}

// TestNothingStaysOfAClientThatLeaves: neither of its upload, which no application sees, nor of its answer.
func TestNothingStaysOfAClientThatLeaves(t *testing.T) {
	s := start(t, wsgi, nil)
	s.Front()
	before := len(s.nameless())
	for _, framing := range framings {
		upload := s.client(here)
		upload.beginUpload("PUT", "/echo", content[:uploadBytes], framing.chunked, uploadBytes/2)
		reader := s.client(here)
		reader.ask("GET", "/large")
		reader.awaitByte()
		s.awaitHeld(2)
		upload.conn.Close()
		s.awaitHeld(1)
		reader.conn.Close()
		s.awaitHeld(0)
		if held := s.held(); held.Bytes != 0 {
			t.Errorf("got %+v, want nothing held", held)
		}
		s.Await("the files to be closed", func() bool { return len(s.nameless()) == before })
	}
	s.wantAnswered()
	s.wantUnseen("PUT /echo")
}
