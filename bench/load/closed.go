// Package load has the two ways to load a proxy, and what is asked. The closed loop is load.c, or bodies.c where bodies are large, driven
// by closed.go: CPU time for each request. The open loop is in Go, in open.go: latency, from the moment at which a request was due.
// scenario.go says what the open loop sends, crowd.go has slow clients beside it. It knows addresses alone, no proxy.
package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"percore/bench/machine"
)

// Warm is how long a load generator runs before the measurement: pools fill, branch predictors and sockets settle.
const Warm = 20 * time.Millisecond

// Spec is one run of load.c, or of bodies.c, which has no CloseEach and no Rate.
type Spec struct {
	Port, Conns, BodyBytes, CPU int
	Run, Warm                   time.Duration
	CloseEach                   bool
	Rate                        int // requests per second, 0 for a closed loop

	// Of bodies.c alone: how many bytes go up with each request, in chunks or with their length; and how long an answer is left
	// unread at most while its worker still writes it, with one connection, which is a new one for each.
	Upload  int
	Chunked bool
	Late    time.Duration
}

func (s Spec) args() []string {
	args := []string{
		"-p", strconv.Itoa(s.Port),
		"-s", strconv.Itoa(s.BodyBytes),
		"-n", strconv.Itoa(s.Conns),
		"-d", strconv.FormatInt(s.Run.Milliseconds(), 10),
		"-w", strconv.FormatInt(s.Warm.Milliseconds(), 10),
		"-c", strconv.Itoa(s.CPU),
	}
	if s.CloseEach {
		args = append(args, "-k")
	}
	if s.Rate > 0 {
		args = append(args, "-r", strconv.Itoa(s.Rate))
	}
	if s.Upload > 0 {
		args = append(args, "-u", strconv.Itoa(s.Upload))
	}
	if s.Chunked {
		args = append(args, "-x")
	}
	if s.Late > 0 {
		args = append(args, "-l", strconv.FormatInt(s.Late.Milliseconds(), 10))
	}
	return args
}

// Generator is a running load generator: warmed up, with no request in flight, waiting for Run or Close.
type Generator struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader
	stderr *machine.Tail
}

// Total is what one run did.
type Total struct {
	Requests int64
	Elapsed  time.Duration
	Streamed int64 // answers that a worker could not write to their end before a late client began to read
}

// Start starts a load generator, of which binary is the path, and returns when it is ready. The context ends it at any time.
func Start(ctx context.Context, binary string, spec Spec) (*Generator, error) {
	g := &Generator{cmd: exec.CommandContext(ctx, binary, spec.args()...), stderr: &machine.Tail{Max: 512}}
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
	if err := machine.OnCPU(spec.CPU, g.cmd.Start); err != nil {
		return nil, fmt.Errorf("start load: %w", err)
	}
	if line, err := g.output.ReadString('\n'); err != nil || line != "ready\n" {
		return nil, g.fail(err)
	}
	return g, nil
}

// Run runs the measured part. Afterwards every answer has arrived and the connections are still open.
func (g *Generator) Run() (Total, error) {
	if _, err := io.WriteString(g.input, "go\n"); err != nil {
		return Total{}, g.fail(err)
	}
	line, err := g.output.ReadString('\n')
	if err != nil {
		return Total{}, g.fail(err)
	}
	return parseTotal(line)
}

func parseTotal(line string) (Total, error) {
	var t Total
	if _, err := fmt.Sscanf(line, "done %d %d %d\n", &t.Requests, &t.Elapsed, &t.Streamed); err != nil {
		return t, fmt.Errorf("parse load total %q: %w", line, err)
	}
	if t.Requests < 1 {
		return t, fmt.Errorf("parse load total %q: no request was answered", line)
	}
	return t, nil
}

// Close ends the load generator and its connections.
func (g *Generator) Close() error {
	_ = g.input.Close() // its end is awaited next
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("end load: %w: %s", err, g.stderr.Text())
	}
	return nil
}

// fail reaps a load generator that broke the protocol and says what it complained about.
func (g *Generator) fail(cause error) error {
	_ = g.input.Close()
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
	return fmt.Errorf("run load: %w: %s", cause, g.stderr.Text())
}
