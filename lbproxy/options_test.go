package lbproxy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
)

// configure changes some of the rig's settings.
func (r *rig) configure(adjust func(*Options)) {
	r.t.Helper()
	o := *r.proxy.options.Load()
	o.Services = slices.Clone(o.Services)
	adjust(&o)
	if err := r.proxy.Configure(o); err != nil {
		r.t.Fatal(err)
	}
}

func TestNewSettingsHoldForTheNextRequest(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c := r.client()
	c.do(post("12345")).want(t, 200, "ok")
	r.configure(func(o *Options) { o.Services[0].ClientMaxBodySize, o.AccessLog, o.Loops = 4, accesslog.Combined, 7 })
	r.atRest(func() {})
	c.do(post("12345")).want(t, 413, "~too large")
	if lines := r.accessLines(1); !strings.Contains(lines[0], `"POST / HTTP/1.1" 413`) {
		t.Errorf("access log: got %q, want the refused request", lines)
	}
	if got := len(r.proxy.loops); got != 2 {
		t.Errorf("loops: got %d, want the 2 there were", got)
	}
}

func TestARunningTimerTakesTheNewDuration(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = time.Hour })
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.configure(func(o *Options) { o.Services[0].QueueTimeout = 10 * time.Millisecond })
	c.read("GET").want(t, 503, "~no worker was ready in time")
}

func TestMoreRoomAtTheWorkersEndsWaitsAtOnce(t *testing.T) {
	r := newRig(t, capped(1))
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		if q.path() == "/hang" {
			<-gate
		}
		return q.ok("ok")
	})
	r.workers(s.address)
	slow := r.client().send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "the worker is busy", func() bool { return s.requests.Load() == 1 })
	c := r.client().send(getRequest)
	eventually(t, "one waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.configure(func(o *Options) { o.Services[0].WorkerConcurrency = 2 })
	c.read("GET").want(t, 200, "ok")
	close(gate)
	slow.read("GET").want(t, 200, "ok")
}

func TestSettingsThatMakeNoSenseChangeNothing(t *testing.T) {
	r := newRig(t, nil)
	o := *r.proxy.options.Load()
	o.Services = slices.Clone(o.Services)
	o.Services[0].Balance = "sideways"
	if err := r.proxy.Configure(o); err == nil {
		t.Error("Configure: got no error, want one for the balance")
	}
	if got := r.proxy.options.Load().Services[0].Balance; got != balance.LeastConn {
		t.Errorf("balance: got %s, want it as it was", got)
	}
}

func TestWhatTheFrontDoorCannotBeIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		adjust func(*Options)
		want   string // of the error; empty is none
	}{
		{"the defaults", func(*Options) {}, ""},
		{"no loop", func(o *Options) { o.Loops = 0 }, "0 loops, need at least 1"},
		{"no service", func(o *Options) { o.Services = nil }, "no service, need at least 1"},
		{"as many services as there can be", func(o *Options) { o.Services = slices.Repeat(o.Services, servicesMax) }, ""},
		{"one more", func(o *Options) { o.Services = slices.Repeat(o.Services, servicesMax+1) }, "1001 services, can have at most 1000"},
		{"a method that there is not", func(o *Options) { o.Services[0].Balance = "sideways" }, `unknown balance "sideways"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := DefaultOptions()
			test.adjust(&o)
			switch err := o.validate(); {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want != "" && (err == nil || err.Error() != "front door options: "+test.want):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
