package probe

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"percore/internal/trial"
)

func TestAProbeAsksOnAUnixSocket(t *testing.T) {
	path := filepath.Join(trial.SocketDir(t), "w.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "localhost" || r.URL.Path != "/ready" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})}
	go server.Serve(listener)
	defer server.Close()
	for _, c := range []struct {
		name, address, path string
		ok                  bool
	}{
		{"a good answer", "unix:" + path, "/ready", true},
		{"a bad answer", "unix:" + path, "/other", false},
		{"nobody", "unix:" + path + ".no", "/ready", false},
	} {
		err := Dial(context.Background(), Check{Kind: HTTP, Path: c.path}, c.address)
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want success: %v", c.name, err, c.ok)
		}
	}
	if err := os.Symlink(path, path+".link"); err != nil {
		t.Fatal(err)
	}
	if err := Dial(context.Background(), Check{}, "unix:"+path+".link"); err == nil {
		t.Error("got a connection through a link, want none")
	}
}
