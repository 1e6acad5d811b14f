package main

import (
	"math/rand/v2"
	"time"
)

// scenario is a load on several workers of which each takes one request at a time.
type scenario struct {
	name, title string
	workers     int
	load        float64 // share of what the workers can do
	mean        time.Duration
	bimodal     bool // 1 % of the requests take 100 times as long as the others; otherwise exponential
	constant    bool // every request takes the mean
}

// tailScenarios have service times that are long enough for two CPUs to host all workers and proxies: they sleep.
func tailScenarios() []scenario {
	return []scenario{
		{name: "bimodal-70", title: "4 workers, 1 % of the requests 100 × longer, 70 % load", workers: 4, load: 0.70, mean: 10 * time.Millisecond, bimodal: true},
		{name: "bimodal-85", title: "4 workers, 1 % of the requests 100 × longer, 85 % load", workers: 4, load: 0.85, mean: 10 * time.Millisecond, bimodal: true},
		{name: "exp-95", title: "32 workers, exponential service times, 95 % load", workers: 32, load: 0.95, mean: 100 * time.Millisecond},
	}
}

func overload() scenario {
	return scenario{name: overloadPart, title: "4 workers of 40 ms each, five times as many requests as they can take", workers: 4, load: 5, mean: 40 * time.Millisecond, constant: true}
}

// rate is how many requests per second the load means.
func (s scenario) rate() float64 { return s.capacity() * s.load }

// capacity is how many requests per second the workers can answer.
func (s scenario) capacity() float64 { return float64(s.workers) / s.mean.Seconds() }

// plan draws Poisson arrivals and their service times. Every proxy gets the same ones, so that what differs is the proxy.
func (s scenario) plan(length time.Duration) []arrival {
	random := rand.New(rand.NewPCG(1, uint64(s.workers)))
	var plan []arrival
	for at := 0.0; ; {
		at += random.ExpFloat64() / s.rate()
		if at >= length.Seconds() {
			return plan
		}
		plan = append(plan, arrival{at: time.Duration(at * float64(time.Second)), service: s.service(random)})
	}
}

func (s scenario) service(random *rand.Rand) time.Duration {
	const share, factor = 0.01, 100
	switch short := float64(s.mean) / (1 - share + share*factor); {
	case s.constant:
		return s.mean
	case s.bimodal && random.Float64() < share:
		return time.Duration(short * factor)
	case s.bimodal:
		return time.Duration(short)
	default:
		return time.Duration(random.ExpFloat64() * float64(s.mean))
	}
}
