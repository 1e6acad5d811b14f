package stack

import (
	"fmt"
	"runtime"
	"testing"

	"percore/e2e/rig"
)

func TestThereIsOneWorkerPerUsableCPU(t *testing.T) {
	s := up(t, "cpus.yml")
	for service, want := range map[string]int{
		"half":   1,
		"one":    1,
		"two":    min(2, runtime.NumCPU()),
		"pinned": 1,
	} {
		t.Run(service, func(t *testing.T) {
			first := s.service(service).in(t).first()
			rig.Eventually(t, startTime, func() error {
				if workers := children(first, isWorker); len(workers) != want {
					return fmt.Errorf("workers: got %v, want %d", workers, want)
				}
				return nil
			})
		})
	}
}
