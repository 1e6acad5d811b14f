package program

import (
	"fmt"
	"os/exec"
	"slices"
)

// unshare runs a command as PID 1 of a pid namespace and kills it when it is killed itself.
var unshare = []string{"unshare", "--pid", "--fork", "--mount-proc", "--kill-child"}

// AsPID1 is a command line that has a command run as PID 1 of a pid namespace of its own, below an unshare that ends with
// its exit code. When PID 1 ends the kernel kills all that is left in the namespace.
func AsPID1(command ...string) []string { return slices.Concat(unshare, command) }

// PID1Obstacle says why nothing can be PID 1 here; nil where it can.
func PID1Obstacle() error {
	words := AsPID1("true")
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("a pid namespace takes root and util-linux: unshare: %w %s", err, out)
	}
	return nil
}

// BareEnviron is what a container finds in its environment, and more.
func BareEnviron(more ...string) []string {
	return append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}, more...)
}
