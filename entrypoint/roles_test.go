package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/manual"
	"percore/entrypoint/self"
	"percore/reaper/single"
)

func TestEveryWordOfTheManualIsPlayed(t *testing.T) {
	others := []string{"--version", "--help", "-h"}
	for word := range words {
		if !slices.Contains(others, word) && !slices.Contains(manual.Words(), word) {
			t.Errorf("%s is played and not in the manual", word)
		}
	}
	for _, word := range append(manual.Words(), others...) {
		if words[word] == nil {
			t.Errorf("%s is in the manual and not played", word)
		}
	}
}

func TestWhatInitIsToldByItsVariables(t *testing.T) {
	for assignment, differs := range map[string]func(single.Options) bool{
		"PERCORE_SIGNAL_MAP=TERM:QUIT,HUP:": func(o single.Options) bool {
			return maps.Equal(o.Rewrite, map[syscall.Signal]syscall.Signal{syscall.SIGTERM: syscall.SIGQUIT, syscall.SIGHUP: 0})
		},
		"PERCORE_SIGNAL_GROUP=true": func(o single.Options) bool { return o.Group },
		"PERCORE_KILL_TREE=true":    func(o single.Options) bool { return o.Tree },
		"PERCORE_PDEATHSIG=TERM":    func(o single.Options) bool { return o.Pdeathsig == syscall.SIGTERM },
		"PERCORE_NO_NEW_PRIVS=true": func(o single.Options) bool { return o.NoNewPrivs },
		"PERCORE_WAIT_ALL=true":     func(o single.Options) bool { return o.WaitAll },
		"PERCORE_STOP_TIMEOUT=7":    func(o single.Options) bool { return o.StopTimeout == 7*time.Second },
		"PERCORE_EXIT_REMAP=143:0":  func(o single.Options) bool { return maps.Equal(o.Remap, map[int]int{143: 0}) },
	} {
		for _, environ := range [][]string{{assignment}, {"PERCORE_LOGLEVEL=debug"}} {
			cfg, _, err := config.LoadInit(environ, os.Getuid())
			if err != nil {
				t.Errorf("%s: %v", assignment, err)
				continue
			}
			o := initOptions(self.Invocation{Environ: environ}, cfg, []string{"sleep", "1"})
			if got := differs(o); got != (environ[0] == assignment) {
				t.Errorf("%s: with %q got %t in %+v", assignment, environ, got, o)
			}
			if strings.Join(o.Args, " ") != "sleep 1" || o.Release == nil || o.ShimEntry == "" {
				t.Errorf("%s: got %+v, want the command, signals that are released, and a role for the shim", assignment, o)
			}
		}
	}
}

func TestASignalThatEndsAProgramInterruptsACommand(t *testing.T) {
	for sig, want := range map[os.Signal]bool{
		syscall.SIGINT: true, syscall.SIGTERM: true, syscall.SIGHUP: true, syscall.SIGQUIT: true,
		syscall.SIGUSR1: false, syscall.SIGWINCH: false,
	} {
		signals, interrupted := make(chan os.Signal, 1), make(chan struct{})
		signals <- sig
		close(signals)
		awaitInterrupt(signals, interrupted)
		select {
		case <-interrupted:
			if !want {
				t.Errorf("%v: got the command interrupted", sig)
			}
		default:
			if want {
				t.Errorf("%v: got the command going on", sig)
			}
		}
	}
}

func TestADemoWorkerNeedsItsWords(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"none":                  {nil, "started by percore demo"},
		"too few":               {[]string{"8000", "0"}, "started by percore demo"},
		"a port that is none":   {[]string{"x", "0", "demo"}, "demo worker's port: "},
		"an index that is none": {[]string{"8000", "x", "demo"}, "demo worker's index: "},
	} {
		got := playWith([]string{"PERCORE_ROLE=demo-worker"}, append([]string{"demo-worker"}, c.args...)...)
		if got.code != self.ExitConfig || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: got %+v, want code 2 and %q", name, got, c.want)
		}
	}
}

func TestADemoWorkerAnswersUntilItIsTerminated(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	taken := playWith([]string{"PERCORE_ROLE=demo-worker"}, "demo-worker", strconv.Itoa(port), "3", "demo-8003")
	if taken.code != self.ExitInternal || !strings.Contains(taken.stderr, "address already in use") {
		t.Errorf("a port that is taken: got %+v", taken)
	}
	l.Close()
	signals, code := make(chan os.Signal, 2), make(chan int)
	var stderr bytes.Buffer
	go func() {
		code <- play(self.Invocation{
			Args:    []string{"demo-worker", strconv.Itoa(port), "3", "demo-8003"},
			Environ: []string{"PERCORE_ROLE=demo-worker"}, Stdout: io.Discard, Stderr: &stderr, Signals: signals,
		})
	}()
	body := ""
	for deadline := time.Now().Add(20 * time.Second); body == "" && time.Now().Before(deadline); {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			continue // it does not listen yet
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		body = string(text)
	}
	if !strings.Contains(body, "Hello from demo-8003!") || !strings.Contains(body, "(index 3)") {
		t.Errorf("got %q, want its name and its index", body)
	}
	signals <- syscall.SIGHUP // which is no end
	signals <- syscall.SIGTERM
	if got := <-code; got != 0 || stderr.Len() > 0 {
		t.Errorf("got code %d and %q", got, stderr.String())
	}
}

// A mode that is said by a file is not known before the configuration is loaded.
func TestModeInitByAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mode")
	if err := os.WriteFile(file, []byte("init\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := playWith([]string{"PERCORE_MODE_FILE=" + file, "PERCORE_EXIT_REMAP=143:0"})
	if got.code != self.ExitConfig || !strings.Contains(got.stderr, "no command: name it as init's arguments") {
		t.Errorf("got %+v, want mode init's complaint", got)
	}
}
