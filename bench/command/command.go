// Package command is how the benches are run: from the command line, until they are done or interrupted, with a page at the end.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Main parses the command line and runs a bench until it is done or told to end by a signal. It returns the exit code: 2 for a
// command line that is wrong, 1 for a run that is.
//
// The caller's thread is locked. Children are started from it alone: it lends them its affinity, and its end is theirs
// (Pdeathsig).
func Main[O any](
	name string, parse func(args []string, out io.Writer) (O, error), run func(ctx context.Context, o O, out, notes io.Writer) error,
) int {
	runtime.LockOSThread()
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// WritePage writes a page to a file, or to out when no file is named.
func WritePage(file string, out io.Writer, text string) error {
	if file == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}
