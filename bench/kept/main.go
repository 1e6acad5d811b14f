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
	"io"
	"os"
	"time"

	"percore/bench/command"
)

func main() { os.Exit(command.Main("kept", parseOptions, run)) }

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
func run(ctx context.Context, o options, out, _ io.Writer) error {
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
	return command.WritePage(o.markdown, out, r.page())
}

// measure tries every proxy with every kind of worker, then times HEADs and GETs.
func (l *lab) measure(ctx context.Context, o options) (*report, error) {
	r := &report{when: time.Now(), options: o, versions: l.versions(ctx), machine: facts()}
	for _, how := range conducts() {
		for _, p := range proxies() {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			err := l.with(p, how, func(address string) {
				r.losses = append(r.losses, loss{proxy: p.name, how: how, tally: sendPOSTs(address, o.clients, o.requests)})
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, p := range proxies() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		err := l.with(p, keeps, func(address string) {
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
