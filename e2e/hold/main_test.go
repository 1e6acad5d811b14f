// Package hold has the scenarios of held bodies: no slow client occupies a worker, in either direction, and every
// body that reaches an application has its length. percore is a real PID 1, the workers are real ones
// (server_test.go), clients say and take what they are told to and no more (client_test.go).
//
// What a scenario knows is what a user sees: answers, status --json, the log, /proc, the folder in which bodies are
// held, and what the applications have noted (testdata/notes.py). They wait for conditions: that the front door has
// read all that was sent, that an application stands at a gate. Nothing is timed, so they hold on a slow machine;
// what does not come takes rig.Patience to be a fault.
package hold

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/load"
	"percore/e2e/program"
	"percore/e2e/rig"
)

var kit = rig.Kit{Name: "hold", NeedsPID1: true, Prepare: func(k *rig.Kit) error {
	for _, n := range append(sizes, largeBytes) {
		if err := os.WriteFile(contentFile(k.Dir, n), content[:n], 0o644); err != nil {
			return err
		}
	}
	return nil
}}

func TestMain(m *testing.M) { os.Exit(kit.Main(m)) }

const (
	largeBytes   = 20 << 20 // of what GET /large answers
	uploadBytes  = 1 << 20  // of the upload of a slow client, and
	contentBytes = 40 << 20
)

// content is what bodies are the beginning of.
var content = func() []byte {
	b := make([]byte, contentBytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never an error
	return b
}()

// contentFile is the path of a file with the beginning of content.
func contentFile(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("content-%d", n)) }

// frontUser is the number of the user that the front door becomes by default.
const frontUser = 65534

type env map[string]string

// service is a percore in front of one kind of worker.
type service struct {
	*rig.Service
	dir string // of its own, with the notes, the gate and the control socket
}

// start runs percore in front of a server, with one worker where the variables do not say otherwise, and waits until
// it answers.
func start(t *testing.T, server server, variables env) *service {
	t.Helper()
	return startUnder(t, folder(t), nil, server, variables)
}

// startUnder is start in a folder that is there, with a command in front of percore.
func startUnder(t *testing.T, dir string, wrapper []string, server server, variables env) *service {
	t.Helper()
	s := begin(t, dir, wrapper, server, variables)
	s.AwaitAnswer()
	return s
}

// begin does not wait. Nobody is too slow for this percore, so that each scenario goes its way on a slow machine.
func begin(t *testing.T, dir string, wrapper []string, server server, variables env) *service {
	t.Helper()
	server.need(t)
	s := &service{dir: dir}
	if err := syscall.Mkfifo(s.gate(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.temp(), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	if err := os.Chown(s.temp(), frontUser, frontUser); err != nil {
		t.Fatal(err)
	}
	all := env{
		"PERCORE_WORKERS": "1", "PERCORE_CONTROL": filepath.Join(dir, "control.sock"),
		"PERCORE_CLIENT_BODY_TEMP_PATH": s.temp(),
		"PERCORE_CLIENT_BODY_TIMEOUT":   "1h", "PERCORE_CLIENT_BODY_MIN_RATE": "0", "PERCORE_SEND_TIMEOUT": "1h",
		"PERCORE_PROXY_READ_TIMEOUT": "1h", "PERCORE_QUEUE_TIMEOUT": "1h",
		"HOLD_SEEN": s.notes(), "HOLD_GATE": s.gate(), "HOLD_LARGE": contentFile(kit.Dir, largeBytes),
	}
	maps.Copy(all, variables)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	s.Service = kit.Start(t, rig.Setup{Env: all, Wrapper: wrapper, Args: server.words(t), LogFile: false})
	return s
}

// folder is a new one that every user can enter.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := program.Folder(kit.Dir, "scene-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *service) notes() string { return filepath.Join(s.dir, "seen") }
func (s *service) gate() string  { return filepath.Join(s.dir, "gate") }

// temp is the folder in which bodies are held.
func (s *service) temp() string { return filepath.Join(s.dir, "temp") }

// seen counts the notes that begin with some words, such as "POST /echo".
func (s *service) seen(words string) int {
	text, _ := os.ReadFile(s.notes())
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, words+" ") {
			n++
		}
	}
	return n
}

// seenBy returns the process that made the nth note that begins with some words, once it is there.
func (s *service) seenBy(words string, nth int) (inside int) {
	s.Helper()
	s.Await(fmt.Sprintf("note %d of %q", nth, words), func() bool { return s.seen(words) >= nth })
	text, _ := os.ReadFile(s.notes())
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, words+" ") {
			if nth--; nth == 0 {
				_, _ = fmt.Sscan(strings.TrimPrefix(line, words), &inside)
			}
		}
	}
	return inside
}

// openGate lets the one application pass that waits at the gate, or will.
func (s *service) openGate() {
	s.Helper()
	s.Await("an application at the gate", func() bool {
		gate, err := os.OpenFile(s.gate(), os.O_WRONLY|syscall.O_NONBLOCK, 0) // ENXIO until somebody reads it
		if err != nil {
			return false
		}
		return gate.Close() == nil
	})
}

// held is what status --json says of held bodies.
type held struct {
	Files, Bytes, Requests, Responses, Refused, Failed int
	BytesMax                                           int `json:"bytes_max"`
}

func (s *service) held() held {
	s.Helper()
	text, _ := s.Ctl("status", "--json")
	var now struct{ Held *held }
	if err := json.Unmarshal([]byte(text), &now); err != nil || now.Held == nil {
		s.Fatalf("status --json: got %v and\n%s\nwant it to tell what is held", err, text)
	}
	return *now.Held
}

// awaitHeld waits until so many bodies are in files.
func (s *service) awaitHeld(files int) {
	s.Helper()
	s.Await(fmt.Sprintf("%d held bodies", files), func() bool { return s.held().Files == files })
}

// wantAnswered wants a request of another client to be answered, which a worker has to do.
func (s *service) wantAnswered() {
	s.Helper()
	if result := load.Once(s.Get("/hello")); result.OK() != 1 {
		s.Fatalf("GET of another client: %v", result)
	}
}

// wantUnseen wants no application to have begun with such a request.
func (s *service) wantUnseen(words string) {
	s.Helper()
	if n := s.seen(words); n > 0 {
		s.Errorf("%s: got %d requests at an application, want none yet", words, n)
	}
}
