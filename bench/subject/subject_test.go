package subject

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"percore/bench/machine"
	"percore/e2e/proc"
)

// oneWorker is a proxy on port 8001 with one worker on port 9001.
func oneWorker() Setup {
	return Setup{Variant: Plain(), Port: 8001, Upstreams: Loopback(9001, 1), Workers: 1}
}

// fourWorkers is one with four, which it chooses from by a discipline.
func fourWorkers(d Discipline) Setup {
	return Setup{Variant: Plain(), Port: 8001, Upstreams: Loopback(9001, 4), Workers: 4, Discipline: d}
}

func TestPeerConfigurationsAddTheSameHeaders(t *testing.T) {
	configs := map[string]string{
		"nginx":   renderNginx("/scratch", oneWorker(), false),
		"haproxy": renderHAProxy(oneWorker(), false),
	}
	headers := []string{"X-Real-IP", "X-Scheme", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"}
	for name, text := range configs {
		for _, header := range headers {
			if got := strings.Count(text, header+" "); got != 1 {
				t.Errorf("%s: got %s %d times, want once", name, header, got)
			}
		}
	}
}

func TestRenderNginx(t *testing.T) {
	cases := []struct {
		name  string
		stock bool
		has   []string
		lacks []string
	}{
		{
			"tuned: kept connections, no log, large buffers", false,
			[]string{
				"listen 127.0.0.1:8001 ", "server 127.0.0.1:9001 ", "worker_processes 1;", "access_log off;", "keepalive 128;",
				"proxy_http_version 1.1;", `Connection "";`, "Host $http_host;", "pid /scratch/nginx.pid;", "proxy_buffers 8 64k;",
			},
			[]string{"%!"},
		},
		{
			"stock: the same with default buffers", true,
			[]string{"keepalive 128;", "access_log off;", "proxy_max_temp_file_size 0;\n"},
			[]string{"%!", "proxy_buffers", "proxy_busy"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkText(t, renderNginx("/scratch", oneWorker(), c.stock), c.has, c.lacks)
		})
	}
}

func TestRenderHAProxy(t *testing.T) {
	cases := []struct {
		name  string
		stock bool
		has   []string
		lacks []string
	}{
		{
			"tuned: shared connections, one thread, large buffers", false,
			[]string{
				"bind 127.0.0.1:8001 ", "server worker0 127.0.0.1:9001 ", "nbthread 1\n", "http-reuse always", "option http-keep-alive",
				"X-Real-IP %[src]", "%[req.hdr(Host)]", "tune.bufsize 65536",
			},
			[]string{"%!", "\n    log ", "httplog"},
		},
		{
			"stock: the same with default buffers", true,
			[]string{"http-reuse always", "maxconn 6500\n"},
			[]string{"%!", "tune.bufsize"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkText(t, renderHAProxy(oneWorker(), c.stock), c.has, c.lacks)
		})
	}
}

func TestDisciplinesAreSpelledInEachConfiguration(t *testing.T) {
	two := oneWorker()
	two.Loops = 2
	unix := oneWorker()
	unix.Unix, unix.Upstreams = true, []string{"/run/worker.sock"}
	hasty := fourWorkers(OneAtATime)
	hasty.QueueWait = "500ms"
	holding := oneWorker()
	holding.Variant, holding.Bodies = Holding(), "/scratch/bodies"
	cases := []struct {
		name                    string
		setup                   Setup
		nginx, haproxy, percore []string
	}{
		{
			"round robin", fourWorkers(RoundRobin),
			[]string{"server 127.0.0.1:9001 ", "server 127.0.0.1:9004 "},
			[]string{"balance roundrobin", "server worker3 127.0.0.1:9004 "},
			[]string{"PERCORE_WORKERS=4"},
		},
		{"least connections", fourWorkers(LeastConn), []string{"least_conn;", "zone worker "}, []string{"balance leastconn"}, nil},
		{
			"one at a time", fourWorkers(OneAtATime), nil,
			[]string{" maxconn 1\n", "timeout queue 60s"},
			[]string{"PERCORE_WORKER_CONCURRENCY=1", "PERCORE_QUEUE_TIMEOUT=60s"},
		},
		{"a short queue", hasty, nil, []string{"timeout queue 500ms"}, []string{"PERCORE_QUEUE_TIMEOUT=500ms"}},
		{"two loops", two, []string{"worker_processes 2;", "backlog=4096 reuseport;"}, []string{"nbthread 2\n"}, []string{"PERCORE_LOOPS=2"}},
		{"a unix socket", unix, []string{"server unix:/run/worker.sock "}, []string{"server worker0 /run/worker.sock "}, []string{"PERCORE_BIND=unix"}},
		{
			"held bodies", holding,
			[]string{"sendfile on;", "client_max_body_size 104857600;", "client_body_temp_path /scratch/body;"},
			nil,
			[]string{"PERCORE_CLIENT_MAX_BODY_SIZE=104857600", "PERCORE_CLIENT_BODY_TEMP_PATH=/scratch/bodies"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkText(t, renderNginx("/scratch", c.setup, false), c.nginx, []string{"%!"})
			checkText(t, renderHAProxy(c.setup, false), c.haproxy, []string{"%!"})
			checkText(t, strings.Join(percoreEnv(c.setup, 9001), "\n"), c.percore, nil)
		})
	}
}

func TestAnOldPercoreIsNotAskedForWhatItLacks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "percore")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho '  PERCORE_BIND   tcp'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	unix := oneWorker()
	unix.Unix = true
	if err := percoreKnows(context.Background(), file, needs(unix)...); err != nil {
		t.Errorf("got %v, want no error: it has the variable", err)
	}
	err := percoreKnows(context.Background(), file, needs(fourWorkers(OneAtATime))...)
	if err == nil || !strings.Contains(err.Error(), "PERCORE_WORKER_CONCURRENCY") {
		t.Errorf("got %v, want the missing variable's name", err)
	}
}

func TestAPercoreThatStreamsIsMeasuredAsItIs(t *testing.T) {
	cases := []struct {
		name, variables string
		has, lacks      []string
	}{
		{
			"one that holds bodies gets the folder for them", "  PERCORE_CLIENT_BODY_TEMP_PATH   /tmp",
			[]string{"PERCORE_CLIENT_MAX_BODY_SIZE=104857600", "PERCORE_CLIENT_BODY_TEMP_PATH=/scratch/bodies"},
			nil,
		},
		{
			"an older one does not", "  PERCORE_BIND   tcp",
			[]string{"PERCORE_CLIENT_MAX_BODY_SIZE=104857600"},
			[]string{"PERCORE_CLIENT_BODY_TEMP_PATH"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "percore")
			if err := os.WriteFile(file, []byte("#!/bin/sh\necho '"+c.variables+" '\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			s := oneWorker()
			s.Variant, s.Bodies = Holding(), "/scratch/bodies"
			got, err := launchPercore(context.Background(), Place{Dir: t.TempDir()}, file, s)
			if err != nil {
				t.Fatal(err)
			}
			checkText(t, strings.Join(got.Env, "\n"), c.has, c.lacks)
		})
	}
}

func checkText(t *testing.T, text string, has, lacks []string) {
	t.Helper()
	for _, want := range has {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in:\n%s", want, text)
		}
	}
	for _, unwanted := range lacks {
		if strings.Contains(text, unwanted) {
			t.Errorf("got %q, want none of it in:\n%s", unwanted, text)
		}
	}
}

func TestPeersAcceptTheirConfigurations(t *testing.T) {
	for _, stock := range []bool{false, true} {
		dir := t.TempDir()
		checkAccepted(t, "nginx", dir, renderNginx(dir, oneWorker(), stock), "-t", "-e", "stderr", "-c")
		checkAccepted(t, "haproxy", dir, renderHAProxy(oneWorker(), stock), "-c", "-q", "-f")
	}
	special := []Setup{fourWorkers(RoundRobin), fourWorkers(LeastConn), fourWorkers(OneAtATime), oneWorker(), oneWorker(), oneWorker()}
	special[3].Loops = 2
	special[4].Upstreams = []string{"/tmp/worker.sock"}
	special[5].Variant = Holding()
	for _, s := range special {
		dir := t.TempDir()
		checkAccepted(t, "nginx", dir, renderNginx(dir, s, false), "-t", "-e", "stderr", "-c")
		checkAccepted(t, "haproxy", dir, renderHAProxy(s, false), "-c", "-q", "-f")
	}
}

func checkAccepted(t *testing.T, name, dir, text string, args ...string) {
	t.Helper()
	binary, err := machine.Find(name, name)
	if err != nil {
		t.Log("not checked:", err)
		return
	}
	file := filepath.Join(dir, name+".conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, append(args, file)...).CombinedOutput(); err != nil {
		t.Errorf("got %v from %s, want it to accept:\n%s\n%s", err, name, text, out)
	}
}

func TestPeerEnvironment(t *testing.T) {
	if got := peerEnv(true); got != nil {
		t.Errorf("got %v for stock peers, want nothing", got)
	}
	if got := peerEnv(false); len(got) != 2 || !strings.HasPrefix(got[0], "MALLOC_TRIM_THRESHOLD_=") {
		t.Errorf("got %v, want the allocator's two thresholds", got)
	}
}

func TestPercoreEnvironmentNamesBothPorts(t *testing.T) {
	text := strings.Join(percoreEnv(oneWorker(), 9001), "\n")
	checkText(
		t, text,
		[]string{"PERCORE_LISTEN=127.0.0.1:8001", "PERCORE_CONTROL=@percore-bench-8001", "PERCORE_PORTS_FROM=9001", "PERCORE_LOOPS=1", "PERCORE_WORKERS=1"},
		nil,
	)
}

func TestPercoreLaunchHandsTheWorkerItsPort(t *testing.T) {
	s := oneWorker()
	s.Worker = []string{"/scratch/worker", "--port={port}", "--cpu=1"}
	got, err := launchPercore(context.Background(), Place{Dir: t.TempDir()}, "/scratch/percore", s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/scratch/percore", "--", "/scratch/worker", "--port={port}", "--cpu=1"}
	if !reflect.DeepEqual(got.Argv, want) {
		t.Errorf("got %q, want %q", got.Argv, want)
	}
}

func TestPercoreRoles(t *testing.T) {
	family := []proc.Process{
		{PID: 10, Args: []string{"/percore", "--", "/worker", "--port={port}"}},
		{PID: 11, Args: []string{"/percore", "front"}},
		{PID: 12, Args: []string{"/worker", "--port=9001"}},
	}
	counted, aside := percoreRoles(family)
	if !reflect.DeepEqual(counted, []int{11}) {
		t.Errorf("got %v counted, want the front door alone, 11", counted)
	}
	if !reflect.DeepEqual(aside, []int{10}) {
		t.Errorf("got %v aside, want PID 1 alone, 10", aside)
	}
}

func TestEverythingCountsMasterAndWorker(t *testing.T) {
	counted, aside := everything([]proc.Process{{PID: 20}, {PID: 21}})
	if !reflect.DeepEqual(counted, []int{20, 21}) || aside != nil {
		t.Errorf("got %v and %v, want 20, 21 and nothing", counted, aside)
	}
}

func TestSubjectsAreListedInTheirOrder(t *testing.T) {
	var got []string
	for _, s := range All("") {
		got = append(got, s.Name)
	}
	if !reflect.DeepEqual(got, Names()) {
		t.Errorf("got %q, want the names that can be chosen, %q", got, Names())
	}
}

func TestSubjectsCanBeChosen(t *testing.T) {
	if got, err := Choose("relay,nginx"); err != nil || !reflect.DeepEqual(got, []string{"relay", "nginx"}) {
		t.Errorf("got %v and %v, want both in that order", got, err)
	}
	if _, err := Choose("nginx,apache"); err == nil || !strings.Contains(err.Error(), `"apache"`) {
		t.Errorf("got %v, want what there is not", err)
	}
}
