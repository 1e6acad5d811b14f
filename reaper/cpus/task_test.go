package cpus_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"percore/reaper/cpus"
)

// TestTaskLimit asks a server that answers as the agent of ECS does; the task is one in the form that its
// documentation gives.
func TestTaskLimit(t *testing.T) {
	recorded, err := os.ReadFile("testdata/ecs-task-v4.json")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]struct {
		status int
		body   string
	}{
		"/v4/recorded/task": {200, string(recorded)},
		"/v4/none/task":     {200, `{"Family": "web"}`},
		"/v4/broken/task":   {200, `{"Limits": {"CPU": "much"}}`},
		"/v4/absent/task":   {404, "not found"},
		"/v4/endless/task":  {200, strings.Repeat(" ", 2<<20)},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := answers[r.URL.Path]
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	defer server.Close()
	tests := []struct {
		name, uri string
		want      float64
		wrong     string
	}{
		{"a recorded task", server.URL + "/v4/recorded", 1.5, ""},
		{"a slash at the end", server.URL + "/v4/recorded/", 1.5, ""},
		{"a task without a limit", server.URL + "/v4/none", 0, ""},
		{"a limit that is no number", server.URL + "/v4/broken", 0, "read task metadata: json: cannot unmarshal"},
		{"no such container", server.URL + "/v4/absent", 0, `read task metadata: got "HTTP/1.0 404 Not Found"`},
		{"an answer without end", server.URL + "/v4/endless", 0, "read task metadata: "},
		{"no address", "file:///etc/passwd", 0, "not http://host/path"},
		{"an address that breaks the request", server.URL + "/v4/x HTTP/1.0\r\n", 0, "not http://host/path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := cpus.TaskLimit(ctx, tt.uri)
			if got != tt.want || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("TaskLimit(%q): got %v, %v, want %v, %q", tt.uri, got, err, tt.want, tt.wrong)
			}
		})
	}
}

func TestTaskLimitWaitsNoLongerThanItIsToldTo(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() // it accepts, in the kernel, and never answers
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := cpus.TaskLimit(ctx, "http://"+silent.Addr().String()+"/v4/x"); err == nil { // or it waits for ever
		t.Error("TaskLimit: got no error, want a timeout")
	}
}

func TestAtMost(t *testing.T) {
	count := cpus.Count{N: 4, Why: "affinity 4; no cgroup quota"}
	for limit, want := range map[float64]cpus.Count{
		0:    count,
		0.25: {N: 1, Why: "ECS task limit 0.25 rounded up; affinity 4; no cgroup quota"},
		2:    {N: 2, Why: "ECS task limit 2; affinity 4; no cgroup quota"},
		8:    {N: 4, Why: "affinity 4; no cgroup quota; ECS task limit 8"},
		1e18: count,
	} {
		if got := count.AtMost(limit); got != want {
			t.Errorf("AtMost(%v): got %+v, want %+v", limit, got, want)
		}
	}
}
