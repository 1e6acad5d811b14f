package main

import (
	"io"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

func TestSubjectsAreListedInTheirOrder(t *testing.T) {
	var got []string
	for _, s := range allSubjects(options{}) {
		got = append(got, s.name)
	}
	if !reflect.DeepEqual(got, subjectNames()) {
		t.Errorf("got %q, want the names that can be chosen, %q", got, subjectNames())
	}
}

func TestRequiredRowIsTheFirst(t *testing.T) {
	first := allRows()[0]
	if first.name != requiredRow || first.conns != 64 || first.bodyBytes != 1024 || first.closeEach || first.variant != plain() {
		t.Errorf("got %+v, want 1 KiB over 64 keep-alive connections", first)
	}
}

func TestLoadArguments(t *testing.T) {
	spec := loadSpec{port: 8001, conns: 16, bodyBytes: 1024, cpu: 1, run: 300 * time.Millisecond, warm: 20 * time.Millisecond}
	want := []string{"-p", "8001", "-s", "1024", "-n", "16", "-d", "300", "-w", "20", "-c", "1"}
	if got := spec.args(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	spec.closeEach = true
	if got := spec.args(); !reflect.DeepEqual(got, append(want, "-k")) {
		t.Errorf("got %q, want -k at its end", got)
	}
	spec.rate = 1000
	if got := spec.args(); !reflect.DeepEqual(got, append(want, "-k", "-r", "1000")) {
		t.Errorf("got %q, want -r 1000 at its end", got)
	}
}

func TestParseLoadTotal(t *testing.T) {
	cases := []struct {
		name string
		line string
		want loadTotal
		bad  bool
	}{
		{"requests and nanoseconds", "done 19649 400492474\n", loadTotal{19649, 400492474}, false},
		{"no request was answered", "done 0 400492474\n", loadTotal{}, true},
		{"another word", "ready\n", loadTotal{}, true},
		{"nothing", "", loadTotal{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseLoadTotal(c.line)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if err == nil && got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPlanCPUs(t *testing.T) {
	cases := []struct {
		name string
		cpus []int
		want cpuPlan
		bad  bool
	}{
		{"two CPUs are shared out", []int{0, 1}, cpuPlan{0, 1}, false},
		{"the first and the last of many", []int{2, 5, 70}, cpuPlan{2, 70}, false},
		{"a single CPU has to do for all", []int{3}, cpuPlan{3, 3}, false},
		{"no CPU", nil, cpuPlan{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var set unix.CPUSet
			for _, cpu := range c.cpus {
				set.Set(cpu)
			}
			got, err := planFrom(&set)
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("got %+v, %v; want %+v, an error: %v", got, err, c.want, c.bad)
			}
		})
	}
}

func TestMissingHeaders(t *testing.T) {
	full := "GET /echo HTTP/1.1\r\nhost: h:1\r\nx-real-ip: 127.0.0.1\r\nX-Scheme: http\r\nX-Forwarded-For: 127.0.0.1\r\n" +
		"X-Forwarded-Proto: http\r\nX-Forwarded-Host: h:1\r\n\r\n"
	cases := []struct {
		name string
		head string
		want []string
	}{
		{"all there, in any case", full, nil},
		{"a proxy that adds nothing", "GET /echo HTTP/1.1\r\nHost: h:1\r\n\r\n", []string{
			"X-Real-IP: 127.0.0.1", "X-Scheme: http", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h:1",
		}},
		{"nothing at all", "", []string{
			"Host: h:1", "X-Real-IP: 127.0.0.1", "X-Scheme: http", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http",
			"X-Forwarded-Host: h:1",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := missingHeaders(c.head, "h:1"); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
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
	relay, nginx := &runner{subject: subject{raw: true}, variant: plain()}, &runner{variant: plain()}
	untuned := &runner{subject: reverseProxySubject(false), variant: plain()}
	stock := &runner{subject: nginxSubject(true), variant: plain()}
	for _, r := range allRows() {
		other := r.variant != plain()
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
