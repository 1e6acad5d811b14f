package pid1

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// identity is what the scripted worker finds itself to be.
type identity struct {
	PID       int
	UID, GID  int
	Groups    []int
	Directory string
	Args      []string
	Environ   []string
}

func (w identity) variable(name string) (value string, found bool) {
	for _, entry := range w.Environ {
		if value, found = strings.CutPrefix(entry, name+"="); found {
			return value, true
		}
	}
	return "", false
}

// scriptedWorker behaves as a scenario needs it: "serve PORT…" serves, "report FILE…" writes the identity to FILE and waits,
// "exec FILE COMMAND…" writes the time to FILE and becomes the command, "write WORD N" writes N lines of WORD to stdout in pieces.
func scriptedWorker(args []string) int {
	if len(args) < 2 {
		return exitUsage
	}
	switch args[0] {
	case "serve":
		return serveHTTP(args[1])
	case "report":
		content, _ := json.Marshal(whoami()) // it has nothing that cannot be marshalled
		temporary := args[1] + ".new"
		if os.WriteFile(temporary, content, 0o644) != nil || os.Rename(temporary, args[1]) != nil {
			return 1
		}
		select {}
	case "write":
		return writeLines(args[1], args[2])
	case "exec":
		now, _ := time.Now().MarshalText() // this year has four digits
		if os.WriteFile(args[1], now, 0o644) != nil {
			return 1
		}
		fmt.Fprintln(os.Stderr, syscall.Exec(args[2], args[2:], os.Environ()))
		return 1
	}
	return exitUsage
}

// writeLines writes each line in two pieces and all of them at once, so that what carelessly mixes them shows.
func writeLines(word, count string) int {
	n, _ := strconv.Atoi(count)
	for i := range n {
		fmt.Print(word, " ")
		if i%100 == 0 {
			time.Sleep(time.Millisecond)
		}
		fmt.Println(i, word)
	}
	select {}
}

// exitUsage is EX_USAGE of sysexits(3).
const exitUsage = 64

func serveHTTP(port string) int {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strings.TrimPrefix(port, "--port=")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stderr, http.Serve(listener, scriptedHandler())) // it ends by a signal
	return 1
}

func scriptedHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "Hello from", os.Getenv("PERCORE_WORKER_NAME"))
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(whoami()) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		pause, _ := time.ParseDuration(r.URL.Query().Get("for"))
		time.Sleep(pause)
		fmt.Fprintln(w, "at last")
	})
	// /exists?file=F is 200 when there is such a file, else 503: readiness that a scenario decides.
	mux.HandleFunc("/exists", func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(r.URL.Query().Get("file")); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		n, _ := io.Copy(hash, r.Body)
		fmt.Fprintln(w, n, hex.EncodeToString(hash.Sum(nil)))
	})
	// /children leaves one grandchild in the worker's group, which ignores SIGTERM.
	mux.HandleFunc("/children", func(w http.ResponseWriter, _ *http.Request) {
		child := exec.Command("sh", "-c", "trap '' TERM; sleep 300 & sleep 300")
		if err := child.Start(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/die", func(_ http.ResponseWriter, _ *http.Request) { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	return mux
}

func whoami() identity {
	directory, _ := os.Getwd()
	groups, _ := os.Getgroups()
	return identity{
		PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid(), Groups: groups, Directory: directory,
		Args: append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...), Environ: os.Environ(),
	}
}

// serveCommand is the command line of a scripted worker that serves.
func serveCommand(more ...string) []string {
	return append([]string{"--", workerBinary, "worker", "serve", "--port={port}"}, more...)
}

// whoami asks the service who its worker is.
func (s *service) whoami() (w identity) {
	s.Helper()
	if err := json.Unmarshal([]byte(s.Body("/whoami")), &w); err != nil {
		s.Fatalf("GET /whoami: %v", err)
	}
	return w
}
