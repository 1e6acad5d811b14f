package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestWhoHasAnAddressIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		holder    string
		want, not string
	}{
		"somebody":                    {"pid 77 (nginx)", "pid 77 (nginx) listens there. Stop it", "percore help"},
		"nobody that can be seen":     {"", "Another process listens there. Stop it", "percore help"},
		"percore itself":              {"pid 1 (/percore python3 main.py)", "A percore that runs already listens there", "Stop it"},
		"percore, found on PATH":      {"pid 1 (percore)", "percore help", "Stop it"},
		"a program that percore runs": {"pid 9 (python3 /srv/percore main.py)", "Stop it", "percore help"},
	} {
		if got := takenAdvice(c.holder); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s: got %q, want %q in it and no %q", name, got, c.want, c.not)
		}
	}
}

func TestAStartAndACheckNameWhoHasThePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	want := fmt.Sprintf("pid %d (", os.Getpid())
	for name, c := range map[string]struct{ environ, args []string }{
		"the public port, at the start":     {[]string{"PERCORE_LISTEN=127.0.0.1:" + port}, []string{"true"}},
		"the public port, before it":        {[]string{"PERCORE_LISTEN=127.0.0.1:" + port}, []string{"check", "true"}},
		"a worker's port, before the start": {[]string{"PERCORE_PORTS_FROM=" + port, "PERCORE_LISTEN=127.0.0.1:1"}, []string{"check", "true"}},
	} {
		got := playWith(append(c.environ, "PATH=/usr/bin:/bin", "PERCORE_CONTROL=off"), c.args...)
		if text := got.stdout + got.stderr; got.code != 2 || !strings.Contains(text, want) {
			t.Errorf("%s: got code %d and %q, want 2 and %q", name, got.code, text, want)
		}
	}
}
