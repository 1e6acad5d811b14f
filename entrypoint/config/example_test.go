package config_test

import (
	"errors"
	"fmt"

	"percore/entrypoint/config"
)

func ExampleLoad() {
	cfg, _, err := config.Load([]string{"PERCORE_WORKERS=4", "PERCORE_STOPSIGNAL=QUIT", "PORT=5000"}, 1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg.UseArguments([]string{"python3", "main.py", "--port={port}"})
	fmt.Println(cfg.Workers, cfg.StopSignal, cfg.Listen, cfg.Command.Words[0])
	// Output: 4 QUIT :5000 python3
}

func ExampleProblems() {
	_, _, err := config.Load([]string{"PERCORE_WORKRES=4", "PERCORE_STARTSECS=soon"}, 1000)
	var problems *config.Problems
	if errors.As(err, &problems) {
		for _, p := range problems.List {
			fmt.Println(p.Name + ": " + p.What)
		}
	}
	// Output:
	// PERCORE_STARTSECS: is not a duration: write seconds, or units as in 1m30s
	// PERCORE_WORKRES: is not a variable of percore
}
