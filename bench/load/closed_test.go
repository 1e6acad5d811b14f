package load

import (
	"reflect"
	"testing"
	"time"
)

func TestLoadArguments(t *testing.T) {
	spec := Spec{Port: 8001, Conns: 16, BodyBytes: 1024, CPU: 1, Run: 300 * time.Millisecond, Warm: 20 * time.Millisecond}
	want := []string{"-p", "8001", "-s", "1024", "-n", "16", "-d", "300", "-w", "20", "-c", "1"}
	if got := spec.args(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	spec.CloseEach = true
	if got := spec.args(); !reflect.DeepEqual(got, append(want, "-k")) {
		t.Errorf("got %q, want -k at its end", got)
	}
	spec.Rate = 1000
	if got := spec.args(); !reflect.DeepEqual(got, append(want, "-k", "-r", "1000")) {
		t.Errorf("got %q, want -r 1000 at its end", got)
	}
}

func TestArgumentsOfLargeBodies(t *testing.T) {
	spec := Spec{Port: 8001, Conns: 1, BodyBytes: 1024, CPU: 1, Run: time.Second, Upload: 1 << 20, Chunked: true, Late: 2 * time.Second}
	want := []string{"-p", "8001", "-s", "1024", "-n", "1", "-d", "1000", "-w", "0", "-c", "1", "-u", "1048576", "-x", "-l", "2000"}
	if got := spec.args(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseLoadTotal(t *testing.T) {
	cases := []struct {
		name string
		line string
		want Total
		bad  bool
	}{
		{"requests and nanoseconds", "done 19649 400492474 0\n", Total{Requests: 19649, Elapsed: 400492474}, false},
		{"answers that nothing held", "done 12 400492474 3\n", Total{Requests: 12, Elapsed: 400492474, Streamed: 3}, false},
		{"no request was answered", "done 0 400492474 0\n", Total{}, true},
		{"another word", "ready\n", Total{}, true},
		{"nothing", "", Total{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseTotal(c.line)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if err == nil && got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
