package rig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Repository is the root of the working tree. go test runs a test in its package's folder, which is e2e/NAME.
func Repository() string {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return root
}

// Tag is what this working tree's images are tagged with: another one on this machine makes its own, with the same names.
// They are left to the engine, whose cache makes the next build short.
func Tag() string {
	sum := sha256.Sum256([]byte(Repository()))
	return "e2e-" + hex.EncodeToString(sum[:4])
}

// Image is an image of this working tree, such as percore, as a command or a file names it.
func Image(name string) string { return name + ":" + Tag() }

// EngineObstacle says why no container can be run here; nil where one can.
func EngineObstacle() error {
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		return fmt.Errorf("no Docker engine answers: %w\n%s", err, out)
	}
	if Compose() == nil {
		return errors.New("there is neither docker compose nor docker-compose")
	}
	return nil
}

// Compose is compose as this machine has it: v2 is a plugin of docker, 1.29 a command of its own. It is nil where there is
// neither.
func Compose() []string {
	if exec.Command("docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	return nil
}

// Docker runs a docker command that has to succeed, and returns what it printed on stdout, without white space at the ends.
func Docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := Printed(slices.Concat([]string{"docker"}, args)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Printed runs a command and returns what it printed on stdout, without white space at the ends. Its error has what it
// printed on stderr.
func Printed(words ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(words[0], words[1:]...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}
