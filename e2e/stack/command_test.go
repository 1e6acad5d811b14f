package stack

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// composeCommand is compose as this machine has it: v2 is a plugin of docker, 1.29 a command of its own.
func composeCommand() []string {
	if exec.Command("docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	return nil
}

// output runs a command and returns what it printed on stdout, without white space at the ends.
func output(command ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	c := exec.Command(command[0], command[1:]...)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// docker runs a docker command that has to succeed.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := output(slices.Concat([]string{"docker"}, args)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits until a condition holds. Until then the condition says what is missing, for the message when it
// never comes to hold.
func eventually(t *testing.T, within time.Duration, missing func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := missing()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
