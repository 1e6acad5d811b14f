package machine

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestPlanCPUs(t *testing.T) {
	cases := []struct {
		name string
		cpus []int
		want CPUs
		bad  bool
	}{
		{"two CPUs are shared out", []int{0, 1}, CPUs{0, 1}, false},
		{"the first and the last of many", []int{2, 5, 70}, CPUs{2, 70}, false},
		{"a single CPU has to do for all", []int{3}, CPUs{3, 3}, false},
		{"no CPU", nil, CPUs{}, true},
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
