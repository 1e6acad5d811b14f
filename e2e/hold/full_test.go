package hold

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"percore/e2e/rig"
)

// notHeld is what the log says when there is no room.
const notHeld = "request bodies are not held"

// wantStreaming wants a body to arrive where its length is known, and 503 instead of an empty body where it is not.
func (s *service) wantStreaming() {
	s.Helper()
	for range 2 {
		known := s.client(here)
		known.beginUpload("POST", "/echo", content[:5<<20], false, 0)
		known.finish()
		known.wantEcho("POST", content[:5<<20])
		s.wantRefusal()
	}
	if lines := s.Lines(notHeld); len(lines) != 1 {
		s.Errorf("log: got %v, want it said once", lines)
	}
	s.awaitHeld(0)
	s.wantAnswered()
}

// wantRefusal sends a body in chunks for which there is no room.
func (s *service) wantRefusal() {
	s.Helper()
	before := s.seen("PUT /echo")
	unknown := s.client(here)
	unknown.say([]byte("PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"))
	go unknown.conn.Write(inChunks(content[:5<<20])) // the answer may come before all is sent
	if r := unknown.wantStatus(http.StatusServiceUnavailable); r.Header.Get("Retry-After") == "" {
		s.Errorf("refusal: got %v, want it to say when to come again", r.Header)
	}
	unknown.conn.Close()
	if n := s.seen("PUT /echo") - before; n != 0 {
		s.Errorf("a body without room: got %d requests at an application, want none", n)
	}
}

// TestAFullDiskLosesNoBody: the file system has a megabyte, the bodies have five.
func TestAFullDiskLosesNoBody(t *testing.T) {
	ownMounts(t)
	dir := folder(t)
	mountTemp(t, dir)
	s := startUnder(t, dir, nil, wsgi, env{"PERCORE_TEMP_SIZE": "1GB"})
	s.wantStreaming()
}

// mountTemp mounts a small file system where bodies are held below a folder.
func mountTemp(t *testing.T, dir string) {
	t.Helper()
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	mountTmpfs(t, temp, "1m")
}

// TestTempSizeLosesNoBody is the same with a bound of ours, which all bodies share.
func TestTempSizeLosesNoBody(t *testing.T) {
	s := start(t, wsgi, env{"PERCORE_TEMP_SIZE": "1MB"})
	s.wantStreaming()
}

// TestADiskThatTurnsReadOnlyLosesNoBody: kernels do that to a disk with errors.
func TestADiskThatTurnsReadOnlyLosesNoBody(t *testing.T) {
	ownMounts(t)
	dir := folder(t)
	mountTemp(t, dir)
	s := startUnder(t, dir, nil, wsgi, env{"PERCORE_TEMP_SIZE": "1GB"})
	if err := unix.Mount("", s.temp(), "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=1m"); err != nil {
		t.Fatal(err)
	}
	s.wantStreaming()
}

// TestAReadOnlyRootTakesBodiesIntoMemory: there is no folder by default.
func TestAReadOnlyRootTakesBodiesIntoMemory(t *testing.T) {
	rig.Need(t, "uploads of a real client", "curl", "--version")
	s := startHeldIn(t, "off")
	for _, n := range sizes[:len(sizes)-1] {
		if err := s.upload("POST", n); err != nil {
			t.Errorf("an upload of %d bytes: %v", n, err)
		}
	}
	s.awaitHeld(0)
}

// TestAFolderThatCannotBeWrittenEndsTheStart: it was asked for.
func TestAFolderThatCannotBeWrittenEndsTheStart(t *testing.T) {
	ownMounts(t)
	dir := folder(t)
	mountTmpfs(t, dir, "8m")
	remountRoot(t)
	s := begin(t, dir, nil, wsgi, env{"PERCORE_CLIENT_BODY_TEMP_PATH": "/var/tmp"})
	if code := s.Wait(); code != 2 || !s.Said("PERCORE_CLIENT_BODY_TEMP_PATH", "/var/tmp") {
		t.Errorf("got code %d and\n%s\nwant 2 and the folder named", code, s.Text())
	}
}

// TestOneClientCannotTakeAllRoom: another one's body is held while the first has what it can get.
func TestOneClientCannotTakeAllRoom(t *testing.T) {
	s := start(t, wsgi, env{"PERCORE_TEMP_SIZE": "8MB", "PERCORE_WORKERS": "2"})
	var greedy []*client
	for range 20 {
		c := s.client(here)
		c.say([]byte("PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"))
		go c.conn.Write(inChunks(content[:uploadBytes])[:uploadBytes*3/4])
		greedy = append(greedy, c)
	}
	s.Await("a refusal", func() bool { return s.held().Refused > 0 })
	other := s.client("127.0.0.2")
	other.beginUpload("POST", "/echo", content[:uploadBytes], true, uploadBytes/2)
	s.wantAnswered()
	other.wantNothing()
	other.finish()
	other.wantEcho("POST", content[:uploadBytes])
	for _, c := range greedy {
		c.conn.Close()
	}
	s.awaitHeld(0)
	s.wantUnseen("PUT /echo")
}
