package machine

import (
	"math"
	"reflect"
	"testing"
)

const straceTable = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.006000           3      2000           sendto
 39.00    0.003900           1      2000         7 recvfrom
  1.00    0.000100           2        40           epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.010000           2      4040         7 total
`

func TestParseStrace(t *testing.T) {
	cases := []struct {
		name string
		text string
		want Syscalls
		bad  bool
	}{
		{"rows with and without errors", straceTable, Syscalls{"sendto": 2000, "recvfrom": 2000, "epoll_wait": 40}, false},
		{
			"a word in front of the table", "strace: Process 12 detached\n" + straceTable,
			Syscalls{"sendto": 2000, "recvfrom": 2000, "epoll_wait": 40},
			false,
		},
		{"a count that is no number", "1.0 0.1 3 x sendto\n", nil, true},
		{"an empty table", "% time     seconds  usecs/call     calls    errors syscall\n", nil, true},
		{"nothing", "", nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStrace(c.text)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSyscallsPerRequest(t *testing.T) {
	counts := Syscalls{"sendto": 2000, "recvfrom": 2000, "epoll_wait": 40, "futex": 1}
	total, detail := counts.PerRequest(1000)
	if math.Abs(total-4.041) > 1e-9 {
		t.Errorf("got %v in total, want 4.041", total)
	}
	if want := "2.00 recvfrom, 2.00 sendto, 0.04 epoll_wait"; detail != want {
		t.Errorf("got %q, want %q", detail, want)
	}
}
