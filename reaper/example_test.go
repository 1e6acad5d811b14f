package reaper_test

import (
	"fmt"
	"log/slog"
	"syscall"

	"percore/reaper"
)

// One goroutine runs the reaper; any other spawns through it and hears of the end.
func Example() {
	r := reaper.New(slog.New(slog.DiscardHandler))
	ended := make(chan error)
	go func() { ended <- r.Run() }()

	exits := make(chan reaper.Exit, 1)
	p, err := r.Spawn(reaper.Spec{
		Path: "sh", Args: []string{"sh", "-c", "sleep 60"}, Env: []string{"PATH=/bin:/usr/bin"},
		Pdeathsig: syscall.SIGKILL,
		Exited:    func(e reaper.Exit) { exits <- e },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		fmt.Println(err)
	}
	e := <-exits
	fmt.Println(e, "- status", e.Status())

	r.Close()
	fmt.Println(<-ended)
	// Output:
	// killed by SIGTERM - status 143
	// <nil>
}
