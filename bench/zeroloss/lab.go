package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"percore/e2e/program"
)

//go:embed apps/*
var apps embed.FS

// lab is what all trials share.
type lab struct {
	dir     string // readable for the users that nginx and the front door become
	percore string // path of the binary
	notes   io.Writer

	mu sync.Mutex // guards the order of notes
}

// portsPerService are the public port and those of the workers.
const portsPerService = 10

func newLab(ctx context.Context, percore string, notes io.Writer) (*lab, error) {
	dir, err := program.Folder("", "percore-zeroloss-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, percore: percore, notes: notes}
	names, _ := apps.ReadDir("apps") // embedded
	for _, name := range names {
		text, _ := apps.ReadFile("apps/" + name.Name())
		if err := os.WriteFile(l.app(name.Name()), text, 0o644); err != nil {
			return l, fmt.Errorf("write application: %w", err)
		}
	}
	if l.percore == "" {
		l.percore = filepath.Join(dir, "percore")
		return l, program.Build(ctx, l.percore, program.Percore)
	}
	l.percore, err = filepath.Abs(percore)
	return l, err
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

func (l *lab) app(name string) string { return filepath.Join(l.dir, name) }

// place makes a folder for one service and finds it ports in a row, which are the run's to its end.
func (l *lab) place() (dir string, port int, err error) {
	if dir, err = program.Folder(l.dir, "service-"); err != nil {
		return "", 0, err
	}
	ports, err := program.FreePorts(portsPerService)
	if err != nil {
		return "", 0, err
	}
	return dir, ports.First, nil
}

func (l *lab) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.notes, strings.TrimSpace(fmt.Sprintf(format, args...)))
}
