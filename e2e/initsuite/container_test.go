package initsuite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var containerScenarios = []scenario{
	{part: "Container", name: "the exit code", docker: true, run: containerCode()},
	{part: "Container", name: "below Docker's own init (--init), without a word", docker: true, run: containerCode("--init")},
	{part: "Container", name: "docker stop ends it at once with 143", docker: true, run: containerStop()},
	{part: "Container", name: "docker stop, below Docker's own init", docker: true, run: containerStop("--init")},
	{part: "Container", name: "docker run -it: Ctrl-C ends it with 130", docker: true, run: containerInterrupt},
	{part: "Container", name: "docker run -t without an input", docker: true, run: containerCode("-t")},
	{part: "Container", name: "read-only, no capability, user 65534, 32 processes, 24 MB", docker: true, run: containerCode(locked...)},
	{part: "Container", name: "a seccomp profile that denies clone3, pidfd_open and close_range with EPERM", docker: true, run: containerFiltered},
	{part: "Container", name: "1,000 orphans are reaped there, 10 at a time", docker: true, run: containerOrphans},
	{part: "Container", name: "least --pids-limit", docker: true, thorough: true, run: leastProcesses},
}

// base is the image the Dockerfile builds on; e2e/images makes a stand-in where it cannot be pulled.
const base = "debian:bookworm-slim"

var locked = []string{
	"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65534",
	"--pids-limit", "32", "-m", "24m",
}

// engine says whether containers can be run here.
var engine = sync.OnceValue(func() bool {
	return exec.Command("docker", "image", "inspect", base).Run() == nil
})

// docker is the command line that runs a probe under the init in a container of its own. The inits are
// mounted, not built in, so that all have the same image.
func (r *trial) docker(name string, options, command []string) *exec.Cmd {
	r.Helper()
	argv := r.init.argv(nil, command)
	words := []string{
		"run", "--rm", "--name", name, "--network", "none", "--volume", r.bin + ":" + r.bin + ":ro",
		"--volume", argv[0] + ":/init:ro", "--entrypoint", "/init",
	}
	words = append(append(words, options...), base)
	r.Cleanup(func() { exec.Command("docker", "rm", "--force", name).Run() }) //nolint:errcheck // it is gone as a rule
	return exec.Command("docker", append(words, argv[1:]...)...)
}

func (r *trial) container() string {
	return fmt.Sprintf("initsuite-%d-%d", os.Getpid(), time.Now().UnixNano())
}

// contained runs to the end and gives what was said and the exit code.
func (r *trial) contained(options, command []string) (out, said string, code int) {
	r.Helper()
	cmd := r.docker(r.container(), options, command)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	stop := time.AfterFunc(2*patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		r.Fatal(err)
	}
	return stdout.String(), strings.TrimSpace(stderr.String()), cmd.ProcessState.ExitCode()
}

func containerCode(options ...string) func(*trial) verdict {
	return func(r *trial) verdict {
		out, said, code := r.contained(options, r.probe("exit", 42))
		return judge(code == 42 && out == "" && said == "", "code %d, said %q", code, said+out)
	}
}

func containerStop(options ...string) func(*trial) verdict {
	return func(r *trial) verdict {
		name := r.container()
		cmd := r.docker(name, options, r.probe("idle"))
		out, outW := r.pipe()
		cmd.Stdout = outW
		if err := cmd.Start(); err != nil {
			r.Fatal(err)
		}
		outW.Close()
		run := &running{t: r.T, lines: make(chan string, 16)}
		go run.scan(out)
		if _, ok := run.line("ready", patience); !ok {
			return broken("the child is never started")
		}
		began := time.Now()
		if err := exec.Command("docker", "stop", "--time", "5", name).Run(); err != nil {
			r.Fatalf("docker stop: %v", err)
		}
		took := time.Since(began)
		cmd.Wait() //nolint:errcheck // the code is what counts
		code := cmd.ProcessState.ExitCode()
		return judge(code == 143 && took < soon(4*time.Second), "code %d after %v", code, took.Round(time.Millisecond))
	}
}

func containerInterrupt(r *trial) verdict {
	term := newTerminal(r.T)
	slave := term.open(r.T)
	defer slave.Close()
	cmd := r.docker(r.container(), []string{"-it"}, r.probe("idle"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	stop := time.AfterFunc(2*patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	term.must(r.T, "ready")
	term.send("\x03")
	cmd.Wait() //nolint:errcheck // the code is what counts
	code := cmd.ProcessState.ExitCode()
	return judge(code == 130, "code %d", code)
}

// containerFiltered has a profile of its own in place of Docker's default one.
func containerFiltered(r *trial) verdict {
	profile := r.file("profile.json", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["clone3", "pidfd_open", "pidfd_send_signal", "close_range"], "action": "SCMP_ACT_ERRNO"}]}`, 0o644)
	return containerCode("--security-opt", "seccomp="+profile)(r)
}

// containerOrphans makes orphans in small crowds: 32 processes are all there are.
func containerOrphans(r *trial) verdict {
	probe := filepath.Join(r.bin, "probe")
	script := fmt.Sprintf("i=0; while [ $i -lt 100 ]; do %s together 0 10 || exit 1; i=$((i+1)); done; %s orphans 10", probe, probe)
	out, said, code := r.contained(locked, []string{"sh", "-c", script})
	return judge(code == 0 && strings.Contains(out, "zombies 0"), "code %d, %q, said %q", code, out, said)
}

// leastProcesses finds the smallest limit with which the init can start a child.
func leastProcesses(r *trial) verdict {
	for limit := 1; limit <= 32; limit++ {
		if _, _, code := r.contained([]string{"--pids-limit", fmt.Sprint(limit)}, r.probe("exit", 42)); code == 42 {
			return measured(float64(limit), 0, "")
		}
	}
	return broken("more than 32")
}
