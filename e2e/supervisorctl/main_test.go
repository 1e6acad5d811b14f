// Package supervisorctl holds the binary, called by that name, against recordings of the real supervisorctl: the same
// commands to the same processes have to print the same bytes and exit with the same codes.
//
//	go test ./e2e/supervisorctl -record
//
// makes the recordings anew, with Debian's package supervisor.
package supervisorctl

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// real is where Debian puts the programs that are recorded.
const realCtl, realDaemon = "/usr/bin/supervisorctl", "/usr/bin/supervisord"

var record = flag.Bool("record", false, "record the real supervisorctl")

// built are the paths of the binary under its two names.
var built struct{ percore, supervisorctl string }

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "percore-ctl-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "supervisorctl:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	built.percore, built.supervisorctl = filepath.Join(dir, "percore"), filepath.Join(dir, "supervisorctl")
	compile := exec.Command("go", "build", "-trimpath", "-o", built.percore, "percore/entrypoint")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("build percore: %w\n%s", err, out)
	}
	return os.Symlink(built.percore, built.supervisorctl)
}
