// Command kept measures what connections to workers cost that are kept, or that are not: how many POSTs are lost to
// workers that end such connections without saying so, and what a HEAD takes whose answer ends its connection.
// percore, nginx and HAProxy stand in front of the same workers, one after the other.
//
//	go run ./bench/kept -markdown docs/kept-connections.md
//
// It takes half a minute and what `e2e/setup.sh bench` installs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kept:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kept:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	percore  string
	markdown string
	clients  int
	requests int           // POSTs of each client
	length   time.Duration // of a load of HEADs or GETs
	worker   string        // not for users: be a worker of this kind
	port     int           // where it listens
}

func parseOptions(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("kept", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.percore, "percore", "", "percore binary to try (default: build ./entrypoint)")
	fs.StringVar(&o.markdown, "markdown", "", "file to write the page to, for example docs/kept-connections.md (default: standard output)")
	fs.IntVar(&o.clients, "clients", 4, "clients at a time")
	fs.IntVar(&o.requests, "requests", 250, "POSTs of each client")
	fs.DurationVar(&o.length, "length", 2*time.Second, "how long HEADs and GETs are sent")
	fs.StringVar(&o.worker, "worker", "", "be a worker of this kind; the program starts itself so")
	fs.IntVar(&o.port, "port", 0, "where the worker listens")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.clients < 1 || o.requests < 1 || o.length <= 0 {
		return o, errors.New("parse flags: clients, requests and length are above 0")
	}
	return o, nil
}

// run measures everything and writes the page, or is a worker.
func run(ctx context.Context, o options, out io.Writer) error {
	if o.worker != "" {
		return serve(ctx, conduct(o.worker), o.port)
	}
	l, err := newLab(ctx, o.percore)
	if err != nil {
		return err
	}
	defer l.close()
	r, err := l.measure(ctx, o)
	if err != nil {
		return err
	}
	text := r.page()
	if o.markdown == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	if err := os.WriteFile(o.markdown, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// measure tries every proxy with every kind of worker, then times HEADs and GETs.
func (l *lab) measure(ctx context.Context, o options) (*report, error) {
	r := &report{when: time.Now(), options: o, versions: l.versions(ctx), machine: machine()}
	for _, how := range conducts() {
		for _, p := range proxies() {
			err := l.with(ctx, p, how, func(address string) {
				r.losses = append(r.losses, loss{proxy: p.name, how: how, tally: sendPOSTs(address, o.clients, o.requests)})
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, p := range proxies() {
		err := l.with(ctx, p, keeps, func(address string) {
			for _, method := range []string{"GET", "HEAD"} {
				r.speeds = append(r.speeds, speed{proxy: p.name, method: method, timing: timeRequests(address, method, o)})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}
