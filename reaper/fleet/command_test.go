package fleet

import (
	"slices"
	"testing"

	"percore/reaper"
)

func TestTokensAndEnvironmentAreTheWorkersOwn(t *testing.T) {
	p := Program{
		Group: "tornadoes", Name: "tornado", Workers: 2, PortsFrom: 8000,
		Command:    []string{"x{name}", "--port={port}", "{index}/{index}", "{other}", "{port"},
		Env:        []string{"PORT=80", "HOME=/root", "LANG=C", "PORTS=1", "PORT=81"},
		Credential: &reaper.Credential{Name: "www-data", Home: "/var/www"},
	}
	w := newWorker(&pool{program: &p}, 1)
	if got, want := w.argv(), []string{"xtornado-8001", "--port=8001", "1/1", "{other}", "{port"}; !slices.Equal(got, want) {
		t.Errorf("argv: got %q, want %q", got, want)
	}
	want := []string{
		"LANG=C", "PORTS=1", "PERCORE_WORKER_INDEX=1", "PERCORE_WORKER_NAME=tornado-8001",
		"SUPERVISOR_ENABLED=1", "SUPERVISOR_PROCESS_NAME=tornado-8001", "SUPERVISOR_GROUP_NAME=tornadoes", "PORT=8001",
		"USER=www-data", "LOGNAME=www-data", "HOME=/var/www",
	}
	if got := w.environ(); !slices.Equal(got, want) {
		t.Errorf("environ: got %q, want %q", got, want)
	}
	if w.title != "tornadoes:tornado-8001" {
		t.Errorf("title: got %q, want tornadoes:tornado-8001", w.title)
	}
}

func TestNamesWithoutPorts(t *testing.T) {
	one := Program{Group: "g", Name: "n", Workers: 1, Command: []string{"{port}"}, Env: []string{"PORT=80"}}
	w := newWorker(&pool{program: &one}, 0)
	if w.title != "g:n" || w.argv()[0] != "{port}" || !slices.Contains(w.environ(), "PORT=80") {
		t.Errorf("one worker without a port: got %q, %q, %q; want g:n, {port}, PORT=80 untouched", w.title, w.argv(), w.environ())
	}
	two := Program{Group: "g", Name: "n", Workers: 2}
	if got := newWorker(&pool{program: &two}, 1).title; got != "g:n-1" {
		t.Errorf("two workers without ports: got %q, want g:n-1", got)
	}
}
