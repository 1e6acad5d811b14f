// Package pid1 has the scenarios that need no Docker: the binary as a real PID 1 in a pid namespace of its own, in front
// of real workers, under load from real clients. Each test is one promise. They are written in the language of package rig;
// worker_test.go has the worker that behaves as a scenario needs it.
package pid1

import (
	"os"
	"testing"

	"percore/e2e/rig"
)

var kit = rig.Kit{Name: "pid1", NeedsPID1: true, Prepare: func(k *rig.Kit) (err error) {
	workerBinary, err = k.CopyOwnBinary("worker")
	return err
}}

// workerBinary is the path of this test's binary, which is the scripted worker too.
var workerBinary string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(scriptedWorker(os.Args[2:]))
	}
	os.Exit(kit.Main(m))
}

// env is what a service finds in its environment.
type env map[string]string

// service is a percore that is PID 1 of its own namespace, with what these scenarios ask of it beside what every one does.
type service struct{ *rig.Service }

// start runs percore with these arguments.
func start(t *testing.T, variables env, args ...string) *service {
	t.Helper()
	return startUnder(t, nil, variables, args...)
}

// startUnder is start with a command such as taskset in front of percore, which it has to become.
func startUnder(t *testing.T, wrapper []string, variables env, args ...string) *service {
	t.Helper()
	return &service{kit.Start(t, rig.Setup{Env: variables, Wrapper: wrapper, Args: args})}
}
