package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// warm is how long a load generator runs before the measurement: pools fill, branch predictors and sockets settle.
const warm = 20 * time.Millisecond

// loadSpec is one run of load.c.
type loadSpec struct {
	port, conns, bodyBytes, cpu int
	run, warm                   time.Duration
	closeEach                   bool
	rate                        int // requests per second, 0 for a closed loop
}

func (s loadSpec) args() []string {
	args := []string{
		"-p", strconv.Itoa(s.port),
		"-s", strconv.Itoa(s.bodyBytes),
		"-n", strconv.Itoa(s.conns),
		"-d", strconv.FormatInt(s.run.Milliseconds(), 10),
		"-w", strconv.FormatInt(s.warm.Milliseconds(), 10),
		"-c", strconv.Itoa(s.cpu),
	}
	if s.closeEach {
		args = append(args, "-k")
	}
	if s.rate > 0 {
		args = append(args, "-r", strconv.Itoa(s.rate))
	}
	return args
}

// load is a running load generator: warmed up, with no request in flight, waiting for run or close.
type load struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader
	stderr *tail
}

// loadTotal is what one run did.
type loadTotal struct {
	requests int64
	elapsed  time.Duration
}

// startLoad starts a load generator and returns when it is ready. The context ends it at any time.
func (l *lab) startLoad(ctx context.Context, spec loadSpec) (*load, error) {
	g := &load{cmd: exec.CommandContext(ctx, l.tools.load, spec.args()...), stderr: &tail{max: 512}}
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	g.cmd.Stderr = g.stderr
	input, err := g.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start load: %w", err)
	}
	output, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start load: %w", err)
	}
	g.input, g.output = input, bufio.NewReader(output)
	if err := onCPU(spec.cpu, g.cmd.Start); err != nil {
		return nil, fmt.Errorf("start load: %w", err)
	}
	if line, err := g.output.ReadString('\n'); err != nil || line != "ready\n" {
		return nil, g.fail(err)
	}
	return g, nil
}

// run runs the measured part. Afterwards every answer has arrived and the connections are still open.
func (g *load) run() (loadTotal, error) {
	if _, err := io.WriteString(g.input, "go\n"); err != nil {
		return loadTotal{}, g.fail(err)
	}
	line, err := g.output.ReadString('\n')
	if err != nil {
		return loadTotal{}, g.fail(err)
	}
	return parseLoadTotal(line)
}

func parseLoadTotal(line string) (loadTotal, error) {
	var t loadTotal
	if _, err := fmt.Sscanf(line, "done %d %d\n", &t.requests, &t.elapsed); err != nil {
		return t, fmt.Errorf("parse load total %q: %w", line, err)
	}
	if t.requests < 1 {
		return t, fmt.Errorf("parse load total %q: no request was answered", line)
	}
	return t, nil
}

// close ends the load generator and its connections.
func (g *load) close() error {
	_ = g.input.Close() // its end is awaited next
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("end load: %w: %s", err, g.stderr.text())
	}
	return nil
}

// fail reaps a load generator that broke the protocol and says what it complained about.
func (g *load) fail(cause error) error {
	_ = g.input.Close()
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
	return fmt.Errorf("run load: %w: %s", cause, g.stderr.text())
}
