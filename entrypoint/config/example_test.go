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

func ExampleDifferences() {
	from, _, _ := config.Load([]string{"PERCORE_QUEUE_SIZE=64"}, 1000)
	to, _, _ := config.Load([]string{"PERCORE_UMASK=027", "PERCORE_STARTSECS=5"}, 1000)
	for _, d := range config.Differences(from, to) {
		fmt.Printf("%s: %q to %q, %s\n", d.Name, d.From, d.To, d.Effect)
	}
	// Output:
	// PERCORE_UMASK: "" to "027", roll
	// PERCORE_STARTSECS: "1s" to "5s", judged
	// PERCORE_QUEUE_SIZE: "64" to "1024", live
}

func ExampleConfig_Setting() {
	cfg, _, _ := config.Load([]string{"PORT=5000", "PERCORE_COMMAND=python3 main.py"}, 1000)
	for _, name := range []string{"PERCORE_LISTEN", "PERCORE_NAME", "PERCORE_STOP_TIMEOUT"} {
		s := cfg.Setting(name)
		fmt.Printf("%s: %s, %q\n", s.Name, s.Source, s.Reason)
	}
	// Output:
	// PERCORE_LISTEN: PORT, ""
	// PERCORE_NAME: command, "the base name of \"main.py\""
	// PERCORE_STOP_TIMEOUT: default, "Docker grants 10s"
}
