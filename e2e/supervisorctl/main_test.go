// Package supervisorctl holds the binary, called by that name, against recordings of the real supervisorctl: the same
// commands to the same processes have to print the same bytes and exit with the same codes.
//
//	go test ./e2e/supervisorctl -record
//
// makes the recordings anew, with Debian's package supervisor.
package supervisorctl

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"percore/e2e/rig"
)

// real is where Debian puts the programs that are recorded.
const realCtl, realDaemon = "/usr/bin/supervisorctl", "/usr/bin/supervisord"

var record = flag.Bool("record", false, "record the real supervisorctl")

var kit = rig.Kit{Name: "supervisorctl", Prepare: func(k *rig.Kit) error { return os.Symlink(k.Percore, ctl(k)) }}

// ctl is the binary under its other name.
func ctl(k *rig.Kit) string { return filepath.Join(k.Dir, "supervisorctl") }

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(kit.Main(m))
}
