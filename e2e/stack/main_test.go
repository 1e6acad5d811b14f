package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestMain makes the images once. Where no Docker engine answers nothing here can be tried, and it says so; `make
// test` repeats that at its end, because go test does not show what a package that passes has printed.
func TestMain(m *testing.M) {
	if why := unable(); why != "" {
		fmt.Printf("\n******** SKIPPED: every scenario in containers: %s ********\n\n", why)
		return
	}
	if out, err := exec.Command("make", "-C", repository(), "image").CombinedOutput(); err != nil {
		fmt.Printf("make image: %v\n%s\n", err, out)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// unable says what this machine lacks, or nothing.
func unable() string {
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		return fmt.Sprintf("no Docker engine answers (%v)\n%s", err, out)
	}
	if composeCommand() == nil {
		return "there is neither docker compose nor docker-compose"
	}
	if out, err := exec.Command(filepath.Join(repository(), "e2e/images/stand-in.sh")).CombinedOutput(); err != nil {
		return fmt.Sprintf("no base images (%v)\n%s", err, out)
	}
	return ""
}

// repository is the root of the working tree; go test runs a test in its package's folder.
func repository() string {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return root
}
