package lbproxy

import (
	"reflect"

	"percore/lbproxy/client"
	"percore/lbproxy/refusal"
	"percore/lbproxy/socket"
)

// Configure replaces the settings that New was given, except for the number of loops, which stays. What is under way goes by
// the new ones from its next step on. It may be called from any goroutine, but not from two at once.
func (p *Proxy) Configure(o Options) error {
	old := p.options.Load()
	o.Loops = old.Loops
	if reflect.DeepEqual(o, *old) {
		return nil
	}
	if err := o.validate(); err != nil {
		return err
	}
	p.options.Store(&o)
	for _, l := range p.loops {
		l.post(func(l *loop) {
			l.configure()
			l.balancer.Serve(l.steady()) // there may be more room at the workers
		})
	}
	return nil
}

// configure takes over the newest settings.
func (l *loop) configure() {
	o := l.proxy.options.Load()
	l.options = o
	l.trust = client.NewTrust(o.TrustedProxies, o.TrustedHops, o.TrustedUnix)
	l.limits = refusal.New(o.refusals())
	l.buffers.SetBudget(buffersMax(o))
	l.room.clientsMax = clientsMax(o, socket.DescriptorsMax())
	l.log.Configure(o.AccessLog, o.AccessLogSample, o.AccessLogExclude)
	l.balancer.Configure(o.Balance, o.WorkerConcurrency)
	o.resize(l.timers)
}
