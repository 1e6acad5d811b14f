package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"percore/e2e/rig"
)

// TestMain makes the images once. Where no Docker engine answers nothing here can be tried, and it says so; `make
// test` repeats that at its end, because go test does not show what a package that passes has printed.
func TestMain(m *testing.M) {
	if err := obstacle(); err != nil {
		fmt.Printf("\n******** SKIPPED: every scenario in containers: %v ********\n\n", err)
		return
	}
	if out, err := exec.Command("make", "-C", rig.Repository(), "image", "TAG="+rig.Tag()).CombinedOutput(); err != nil {
		fmt.Printf("make image: %v\n%s\n", err, out)
		os.Exit(1)
	}
	if err := os.Setenv("TREE", rig.Tag()); err != nil { // for the compose files of testdata
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// obstacle says what this machine lacks, or nothing.
func obstacle() error {
	if err := rig.EngineObstacle(); err != nil {
		return err
	}
	if out, err := exec.Command(filepath.Join(rig.Repository(), "e2e/images/stand-in.sh")).CombinedOutput(); err != nil {
		return fmt.Errorf("no base images: %w\n%s", err, out)
	}
	return nil
}
