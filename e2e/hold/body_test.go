package hold

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"percore/e2e/rig"
)

// sizes are of bodies around what is held in memory, and far from it.
var sizes = []int{10 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, contentBytes}

// expects are curl's options with which it waits for a 100 Continue, or does not.
var expects = []struct {
	name    string
	options []string
}{
	{"", []string{"-H", "Expect:"}},
	{" that waits for 100 Continue", []string{"-H", "Expect: 100-continue", "--expect100-timeout", "3600"}},
}

// curl sends a request and returns what the application saw of it, which has to answer 200.
func (s *service) curl(path string, options ...string) (echo, error) {
	s.Helper()
	text, err := s.curlText(append(options, "--fail-with-body", "http://"+s.Address+path)...)
	if err != nil {
		return echo{}, err
	}
	return parseEcho([]byte(text))
}

func (s *service) curlText(options ...string) (string, error) {
	s.Helper()
	words := []string{"-q", "-sS", "--noproxy", "*", "--max-time", strconv.Itoa(int(rig.Patience.Seconds()))}
	out, err := exec.Command("curl", append(words, options...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("curl %s: %w: %.300s", strings.Join(options, " "), err, out)
	}
	return string(out), nil
}

// upload sends the beginning of the content in chunks.
func (s *service) upload(method string, n int, options ...string) error {
	s.Helper()
	e, err := s.curl("/echo", append([]string{
		"-X", method, "-T", contentFile(kit.Dir, n),
		"-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/octet-stream",
	}, options...)...)
	if err != nil {
		return err
	}
	return e.differs(method, content[:n], true)
}

// TestABodyOfUnknownLengthReachesTheApplicationWithItsLength: what curl sends in chunks an application of WSGI or CGI
// would see as empty.
func TestABodyOfUnknownLengthReachesTheApplicationWithItsLength(t *testing.T) {
	rig.Need(t, "uploads of a real client", "curl", "--version")
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			s := start(t, server, nil)
			for _, expect := range expects {
				for _, n := range sizes {
					if err := s.upload("POST", n, expect.options...); err != nil {
						t.Errorf("an upload of %d bytes%s: %v", n, expect.name, err)
					}
				}
				for _, method := range server.methods {
					if err := s.upload(method, 64<<10+1, expect.options...); err != nil {
						t.Errorf("%s of 64 KiB and a byte%s: %v", method, expect.name, err)
					}
				}
			}
			if held := s.held(); held.Files != 0 || held.Requests == 0 {
				t.Errorf("got %+v, want bodies to have been held and none left", held)
			}
		})
	}
}

// TestAFileInAFormArrives: multipart/form-data as browsers send it, with its length and in chunks.
func TestAFileInAFormArrives(t *testing.T) {
	rig.Need(t, "forms of a real client", "curl", "--version")
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			s := start(t, server, nil)
			for _, framing := range framings {
				for _, n := range sizes {
					if err := s.form(n, framing.chunked, expects[0].options...); err != nil {
						t.Errorf("a form %s and a file of %d bytes: %v", framing.name, n, err)
					}
				}
				if err := s.form(uploadBytes, framing.chunked, expects[1].options...); err != nil {
					t.Errorf("a form %s%s: %v", framing.name, expects[1].name, err)
				}
			}
		})
	}
}

// form sends a form with a file.
func (s *service) form(n int, chunked bool, options ...string) error {
	s.Helper()
	options = append(options, "-F", "file=@"+contentFile(kit.Dir, n))
	if chunked {
		options = append(options, "-H", "Transfer-Encoding: chunked")
	}
	e, err := s.curl("/form", options...)
	if err != nil {
		return err
	}
	return e.differs("POST", content[:n], false)
}

// TestABodyOfAnyMethodIsHeld: also with its length known, and in one request after the other on one connection.
func TestABodyOfAnyMethodIsHeld(t *testing.T) {
	s := start(t, wsgi, nil)
	c := s.client(here)
	for _, method := range strange {
		for _, framing := range framings {
			c.beginUpload(method, "/echo", content[:uploadBytes], framing.chunked, uploadBytes/2)
			s.awaitHeld(1)
			s.wantAnswered()
			c.finish()
			c.wantEcho(method, content[:uploadBytes])
		}
	}
	s.awaitHeld(0)
}
