package fleet

import (
	"reflect"
	"syscall"
	"testing"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

func TestZeroFieldsHaveDefaults(t *testing.T) {
	got := Program{}.withDefaults()
	want := Program{
		Workers: 1, WorkersMax: 1024, StopSignal: syscall.SIGTERM, StopWaitSecs: 10 * time.Second, DrainTimeout: 30 * time.Second, ReadyTimeout: time.Minute, Ready: probe.Check{Kind: probe.None},
		Health: probe.Health{Check: probe.Check{Kind: probe.None}, Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3},
		Policy: lifecycle.Policy{Backoff: lifecycle.Backoff{Base: 250 * time.Millisecond, Cap: 30 * time.Second, Jitter: 0.2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("defaults: got %+v, want %+v", got, want)
	}
}
