package lifecycle

// Stage is how far the maintenance of one worker is: its replacement, its removal, or its first start.
type Stage uint8

// The stages of a maintenance. The last three are its ends.
const (
	StageRetiring  Stage = iota // the old process loses its traffic, answers its last requests, and is stopped
	StageStarting               // the new one is on its way to ready
	StageWatching               // it is ready and has to stay so for a while
	StageFinished               // all is well
	StageFailed                 // the new process is no good
	StageOverruled              // another order wants something else of the worker
	Stages                      // how many there are
)

// String is the stage as docs/states.md and the status have it.
func (s Stage) String() string {
	return [Stages]string{"retiring", "starting", "watching", "finished", "failed", "overruled"}[s]
}

// IsEnd reports whether the maintenance is over.
func (s Stage) IsEnd() bool { return s >= StageFinished }

// Observation is what is seen of a worker under maintenance after a batch of events.
type Observation uint8

// What can be seen.
const (
	SeenLeaving   Observation = iota // the old process still lives
	SeenComing                       // a new one is being started, if need be after a death that was not its fault
	SeenServing                      // the new one is ready
	SeenLasting                      // it has been for long enough
	SeenFaltering                    // it could not be started, was not ready in time, or ended
	SeenGone                         // there is no process and none is wanted
	SeenAbandoned                    // the worker is wanted no more, or again, against the maintenance
	observations                     // how many there are
)

// String is the observation as docs/states.md has it.
func (o Observation) String() string {
	return [observations]string{"leaving", "coming", "serves", "lasted", "faltered", "gone", "abandoned"}[o]
}

// stageTable is the whole behaviour of a maintenance. It is never written to.
var stageTable = [StageFinished][observations]Stage{
	StageRetiring: {
		SeenLeaving: StageRetiring, SeenComing: StageStarting, SeenServing: StageWatching, SeenLasting: StageWatching,
		SeenFaltering: StageFailed, SeenGone: StageFinished, SeenAbandoned: StageOverruled,
	},
	StageStarting: {
		SeenLeaving: StageStarting, SeenComing: StageStarting, SeenServing: StageWatching, SeenLasting: StageWatching,
		SeenFaltering: StageFailed, SeenGone: StageOverruled, SeenAbandoned: StageOverruled,
	},
	StageWatching: {
		SeenLeaving: StageStarting, SeenComing: StageStarting, SeenServing: StageWatching, SeenLasting: StageFinished,
		SeenFaltering: StageFailed, SeenGone: StageOverruled, SeenAbandoned: StageOverruled,
	},
}

// Next is the stage that follows what is seen. A maintenance that has ended stays as it ended.
func (s Stage) Next(seen Observation) Stage {
	if s.IsEnd() {
		return s
	}
	return stageTable[s][seen]
}
