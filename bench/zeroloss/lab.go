package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

//go:embed apps/*
var apps embed.FS

// lab is what all trials share: a folder, and ports that nobody else has.
type lab struct {
	dir     string // readable for the users that nginx and the front door become
	percore string // path of the binary
	notes   io.Writer

	mu   sync.Mutex // guards port and the order of notes
	port int        // the next to try
}

// The ports are below those that the kernel takes for connections, and beside those of the scenarios.
const (
	portsFrom, portsTo = 12000, 19990
	portsPerService    = 10
)

func newLab(ctx context.Context, percore string, notes io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp("", "percore-zeroloss-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	l := &lab{dir: dir, percore: percore, notes: notes, port: portsFrom + os.Getpid()%400*portsPerService}
	if err := os.Chmod(dir, 0o755); err != nil {
		return l, fmt.Errorf("open folder: %w", err)
	}
	names, _ := apps.ReadDir("apps") // embedded
	for _, name := range names {
		text, _ := apps.ReadFile("apps/" + name.Name())
		if err := os.WriteFile(l.app(name.Name()), text, 0o644); err != nil {
			return l, fmt.Errorf("write application: %w", err)
		}
	}
	if l.percore == "" {
		l.percore = filepath.Join(dir, "percore")
		return l, buildPercore(ctx, l.percore)
	}
	l.percore, err = filepath.Abs(percore)
	return l, err
}

func buildPercore(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "percore/entrypoint")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build percore: %w\n%s", err, out)
	}
	return nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

func (l *lab) app(name string) string { return filepath.Join(l.dir, name) }

// place makes a folder for one service and finds it consecutive ports at which nobody listens.
func (l *lab) place() (dir string, port int, err error) {
	if dir, err = os.MkdirTemp(l.dir, "service-"); err != nil {
		return "", 0, fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", 0, fmt.Errorf("open folder: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for range (portsTo - portsFrom) / portsPerService {
		first := l.port
		if l.port += portsPerService; l.port >= portsTo {
			l.port = portsFrom
		}
		if areFree(first) {
			return dir, first, nil
		}
	}
	return "", 0, fmt.Errorf("find free ports: none from %d to %d", portsFrom, portsTo)
}

func areFree(first int) bool {
	for port := first; port < first+portsPerService; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}

func (l *lab) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.notes, strings.TrimSpace(fmt.Sprintf(format, args...)))
}
