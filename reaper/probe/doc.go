// Package probe asks a worker whether it serves: until it does, after its start, and again and again while it runs. It
// knows addresses and answers, not workers: its caller says where one listens and what an answer means for it.
//
// Check is the question, Dial is one attempt, Until repeats it until it succeeds, Health.Watch until it has failed
// too often. Explain puts a failure into words that tell a person what to look at. Everything runs on the caller's
// goroutine and ends with its context.
//
// Floors, top first:
//
//   - health, probe: repeat an attempt; one attempt
//   - check: the question and what an error means
//   - failure: the latest error
package probe
