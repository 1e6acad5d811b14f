// Package stack holds the scenarios in containers: what percore promises, tried on the images that the Dockerfile
// makes, started by docker-compose, with real Tornado workers and real clients.
//
// A scenario is one function whose name is the promise. What it stands on, in the order in which it is worth
// reading: stack_test.go starts and removes a compose project, container_test.go asks the engine about one
// container, process_test.go looks at the processes in it. Compose files of single scenarios are in testdata; the
// scenarios under load take the repository's own docker-compose.yml.
package stack
