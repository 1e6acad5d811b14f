package plan

import (
	"context"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper/cpus"
)

// taskPatience is how long the start may wait for the metadata of ECS, which are on the same machine. Without an
// answer it goes on by what the kernel shows.
const taskPatience = 100 * time.Millisecond

// counter is what there is to know for counting CPUs besides the kernel.
type counter struct {
	task  float64 // limit of the ECS task in CPUs; 0 is none
	fault string  // why that is not known, if it should be
}

// newCounter asks for the task's limit where there is a task, and where the answer matters.
func newCounter(cfg *config.Config) (c counter) {
	uri := cfg.TaskMetadata()
	if uri == "" || cfg.Workers != value.Auto && cfg.Loops != value.Auto {
		return c
	}
	ctx, cancel := context.WithTimeout(context.Background(), taskPatience)
	defer cancel()
	limit, err := cpus.TaskLimit(ctx, uri)
	if err != nil {
		return counter{fault: "the limit of the ECS task is not known: " + err.Error()}
	}
	return counter{task: limit}
}

// Recount counts the usable CPUs anew.
func (p *Plan) Recount() cpus.Count { return p.on.count(p.counter.task) }
