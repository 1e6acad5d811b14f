package readme

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/rig"
)

// shell is the command that runs one line of the README.
func shell(line string, env []string) *exec.Cmd {
	cmd := exec.Command("sh", "-euc", line)
	cmd.Env = env
	return cmd
}

// They are typed where make build has put the binary.
func TestTheShellCommandsWork(t *testing.T) {
	for _, line := range load(t).commands(t, "run: shell") {
		t.Run(line, func(t *testing.T) {
			cmd := shell(line, cleanEnviron("PATH=/usr/bin:/bin"))
			cmd.Dir = kit.Dir
			out, err := cmd.CombinedOutput()
			if err != nil || len(out) == 0 {
				t.Errorf("got %v and the output %q, want success and some output", err, out)
			}
		})
	}
}

func TestMakeHasTheTargetsOfTheReadme(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("SKIPPED: make is missing")
	}
	text := strings.Join(load(t), "\n")
	for _, found := range regexp.MustCompile("`(?:[A-Z_]+=[^ `]+ )*make ([a-z]+)`").FindAllStringSubmatch(text, -1) {
		cmd := exec.Command("make", "--dry-run", found[1])
		cmd.Dir = rig.Repository()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("make %s: %v\n%s", found[1], err, out)
		}
	}
}

var demoPID = regexp.MustCompile(`(?m)^pid +([0-9]+)$`)

func TestMakeDemoServesUntilItIsInterrupted(t *testing.T) {
	for _, tool := range []string{"make", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is missing", tool)
		}
	}
	const workers = 2
	first := rig.FreePorts(t, workers+1)
	listen := "127.0.0.1:" + strconv.Itoa(first)
	cmd := exec.Command("make", "demo")
	cmd.Dir = rig.Repository()
	cmd.Env = cleanEnviron("PERCORE_LISTEN="+listen, "PERCORE_PORTS_FROM="+strconv.Itoa(first+1), "PERCORE_WORKERS="+strconv.Itoa(workers))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that an interrupt reaches all of it, as from a terminal
	p := rig.Start(t, cmd)
	t.Cleanup(func() {
		if !p.IsOver() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	})
	p.AwaitText(`"msg":"worker ready"`, workers+1)

	answer := runDemoCommands(t, listen)
	found := demoPID.FindStringSubmatch(answer)
	if found == nil {
		t.Fatalf("the answer names no pid:\n%s", answer)
	}
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	get(t, "http://"+listen+"/")
	p.AwaitText(`"msg":"worker ready"`, workers+2)

	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.Wait() // make's own
	if resp, err := http.Get("http://" + listen + "/"); err == nil {
		resp.Body.Close()
		t.Errorf("somebody still answers at %s after the interrupt", listen)
	}
}

// runDemoCommands runs the README's requests against listen and returns what they printed.
func runDemoCommands(t *testing.T, listen string) string {
	t.Helper()
	var all strings.Builder
	for _, line := range load(t).commands(t, "run: demo") {
		out, err := shell(strings.ReplaceAll(line, "127.0.0.1:8080", listen), cleanEnviron()).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		all.Write(out)
	}
	return all.String()
}

// get wants a 200 and returns the body.
func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: got status %d, error %v, body %q; want 200", url, resp.StatusCode, err, body)
	}
	return string(body)
}
