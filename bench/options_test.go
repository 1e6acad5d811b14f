package main

import (
	"io"
	"reflect"
	"testing"
	"time"

	"percore/bench/subject"
)

func TestParseOptions(t *testing.T) {
	cases := []struct {
		name string
		args []string
		bad  bool
		same func(options) bool
	}{
		{"the defaults measure everything", nil, false, func(o options) bool {
			return o.rounds == 10 && o.slice == 250*time.Millisecond && len(o.parts) == 3 && len(o.rows) == 9 && len(o.subjects) == 8
		}},
		{"all about held bodies", []string{"-rows", "held"}, false, func(o options) bool {
			return len(o.rows) == 6 && reflect.DeepEqual(o.parts, []string{slowUploadsPart, slowReadersPart}) && o.slow == 5*time.Second
		}},
		{"held bodies beside another row", []string{"-rows", "1m,held,close"}, false, func(o options) bool {
			return len(o.rows) == 8 && o.rows[0].name == "1m" && o.rows[7].name == "close"
		}},
		{"rows and subjects can be chosen", []string{"-rows", "1k-64", "-subjects", "nginx,relay"}, false, func(o options) bool {
			return len(o.rows) == 1 && len(o.parts) == 0 && reflect.DeepEqual(o.subjects, []string{"nginx", "relay"})
		}},
		{"the memory row alone", []string{"-rows", "idle"}, false, func(o options) bool { return o.has(memoryPart) && !o.has(tailsPart) && len(o.rows) == 0 }},
		{"the command is remembered", []string{"-rounds", "8"}, false, func(o options) bool {
			return o.command == "go run ./bench -rounds 8"
		}},
		{"an unknown row", []string{"-rows", "2k"}, true, nil},
		{"an unknown subject", []string{"-subjects", "apache"}, true, nil},
		{"no rounds", []string{"-rounds", "0"}, true, nil},
		{"a slice without length", []string{"-slice", "0s"}, true, nil},
		{"an unknown flag", []string{"-fast"}, true, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOptions(c.args, io.Discard)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if err == nil && !c.same(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestRequiredRowIsTheFirst(t *testing.T) {
	first := usualRows()[0]
	if first.name != requiredRow || first.conns != 64 || first.bodyBytes != 1024 || first.closeEach || first.Variant != subject.Plain() {
		t.Errorf("got %+v, want 1 KiB over 64 keep-alive connections", first)
	}
}

func TestChooseRowsKeepsTheOrderOfTheList(t *testing.T) {
	rows, parts, err := chooseRows("close,idle,1k-1")
	if err != nil || !reflect.DeepEqual(parts, []string{memoryPart}) {
		t.Fatalf("got parts %v, %v; want the memory part and no error", parts, err)
	}
	if len(rows) != 2 || rows[0].name != "close" || rows[1].name != "1k-1" {
		t.Errorf("got %+v, want close and 1k-1", rows)
	}
}

func TestRowNamesAreUniqueAndCanBeChosen(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range rowNames() {
		if seen[name] {
			t.Errorf("got %s twice", name)
		}
		seen[name] = true
		if _, _, err := chooseRows(name); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRelayIsLeftOutWhereItCannotShareConnections(t *testing.T) {
	relay, nginx := &runner{Subject: subject.Subject{Raw: true}, variant: subject.Plain()}, &runner{variant: subject.Plain()}
	untuned := &runner{Subject: subject.ReverseProxy(false), variant: subject.Plain()}
	stock := &runner{Subject: subject.Nginx(true), variant: subject.Plain()}
	for _, r := range usualRows() {
		other := r.Variant != subject.Plain()
		if got := skips(r, relay); got != (r.closeEach || other) {
			t.Errorf("%s: got %v for the relay, want %v", r.name, got, r.closeEach || other)
		}
		if got := skips(r, nginx); got != other {
			t.Errorf("%s: got %v for a plain nginx, want %v", r.name, got, other)
		}
		if got := skips(r, untuned); got != (r.name != requiredRow) {
			t.Errorf("%s: got %v for a subject of one row, want %v", r.name, got, r.name != requiredRow)
		}
		if got, large := skips(r, stock), r.bodyBytes > 1024; got == large {
			t.Errorf("%s: got %v for a peer as Debian ships it, want %v: its buffers are for large answers", r.name, got, !large)
		}
	}
}

func TestACostIsDividedByWhatARowMoves(t *testing.T) {
	want := map[string]int64{"upload-1m": 1, "upload-1m-chunked": 1, "upload-64m": 64, "upload-64m-chunked": 64, "download-10m": 10, "download-10m-late": 10}
	for _, r := range heldRows() {
		if got := r.units(); got != want[r.name] || r.unit() != "MiB" {
			t.Errorf("%s: got %d %s, want %d MiB", r.name, got, r.unit(), want[r.name])
		}
		if r.late && r.conns != 1 {
			t.Errorf("%s: got %d connections, want one: bodies.c tells by it when the worker is let go", r.name, r.conns)
		}
	}
	if r := usualRows()[6]; r.units() != 1 || r.unit() != "request" {
		t.Errorf("%s: got %d %s, want one request", r.name, r.units(), r.unit())
	}
}
