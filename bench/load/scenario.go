package load

import (
	"math/rand/v2"
	"time"
)

// Scenario is a load on several workers of which each takes one request at a time.
type Scenario struct {
	Name, Title string
	Workers     int
	Load        float64 // share of what the workers can do
	Mean        time.Duration
	Bimodal     bool // 1 % of the requests take 100 times as long as the others; otherwise exponential
	Constant    bool // every request takes the mean
}

// TailScenarios have service times that are long enough for two CPUs to host all workers and proxies: they sleep.
func TailScenarios() []Scenario {
	return []Scenario{
		{Name: "bimodal-70", Title: "4 workers, 1 % of the requests 100 × longer, 70 % load", Workers: 4, Load: 0.70, Mean: 10 * time.Millisecond, Bimodal: true},
		{Name: "bimodal-85", Title: "4 workers, 1 % of the requests 100 × longer, 85 % load", Workers: 4, Load: 0.85, Mean: 10 * time.Millisecond, Bimodal: true},
		{Name: "exp-95", Title: "32 workers, exponential service times, 95 % load", Workers: 32, Load: 0.95, Mean: 100 * time.Millisecond},
	}
}

// Overload is five times what the workers can take.
func Overload() Scenario {
	return Scenario{Name: "overload", Title: "4 workers of 40 ms each, five times as many requests as they can take", Workers: 4, Load: 5, Mean: 40 * time.Millisecond, Constant: true}
}

// Rate is how many requests per second the load means.
func (s Scenario) Rate() float64 { return s.Capacity() * s.Load }

// Capacity is how many requests per second the workers can answer.
func (s Scenario) Capacity() float64 { return float64(s.Workers) / s.Mean.Seconds() }

// Plan draws Poisson arrivals and their service times. Every proxy gets the same ones, so that what differs is the proxy.
func (s Scenario) Plan(length time.Duration) []Arrival {
	random := rand.New(rand.NewPCG(1, uint64(s.Workers)))
	var plan []Arrival
	for at := 0.0; ; {
		at += random.ExpFloat64() / s.Rate()
		if at >= length.Seconds() {
			return plan
		}
		plan = append(plan, Arrival{At: time.Duration(at * float64(time.Second)), Service: s.service(random)})
	}
}

func (s Scenario) service(random *rand.Rand) time.Duration {
	const share, factor = 0.01, 100
	switch short := float64(s.Mean) / (1 - share + share*factor); {
	case s.Constant:
		return s.Mean
	case s.Bimodal && random.Float64() < share:
		return time.Duration(short * factor)
	case s.Bimodal:
		return time.Duration(short)
	default:
		return time.Duration(random.ExpFloat64() * float64(s.Mean))
	}
}
