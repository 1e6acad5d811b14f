package machine

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Find looks a program up in PATH and in /usr/sbin, which an ordinary user's PATH lacks on Debian.
func Find(name, debianPackage string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %s: not installed; apt-get install --no-install-recommends %s", name, debianPackage)
}

// FirstLine is the first line that a command prints, on either stream: as a rule its version.
func FirstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return name + ": version unknown"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// Commit is what the working tree is at.
func Commit(ctx context.Context) string {
	return FirstLine(ctx, "git", "describe", "--always", "--dirty")
}
