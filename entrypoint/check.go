package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/reference"
	"percore/reaper/ports"
)

// checkOptions are what `percore check` was asked for.
type checkOptions struct {
	json, values bool
	files        []string // of --env-file
	command      []string
}

func parseCheck(args []string) (o checkOptions, err error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		option := args[0]
		args = args[1:]
		file, joined := strings.CutPrefix(option, "--env-file=")
		switch {
		case option == "--":
			o.command = args
			return o, nil
		case option == "--json":
			o.json = true
		case option == "--values":
			o.values = true
		case joined:
			o.files = append(o.files, file)
		case len(args) == 0: // the options are known, so it is --env-file
			return o, errors.New("--env-file takes the name of a file")
		default:
			o.files, args = append(o.files, args[0]), args[1:]
		}
	}
	o.command = args
	return o, nil
}

// verdict is what a check comes to, and what `check --json` prints.
type verdict struct {
	OK       bool             `json:"ok"`
	Problems []config.Problem `json:"problems"`
	Warnings []config.Problem `json:"warnings"`
	Settings []config.Setting `json:"settings"`
}

// check says all that a start would find wrong, and prints what would hold. Where a PID 1 with the same environment runs in this
// container, what holds there is printed, with what updates have changed.
func check(in invocation) int {
	o, err := parseCheck(in.args[1:])
	for _, file := range o.files {
		if err == nil {
			var set []string
			set, err = environment.ReadFile(file, in.environ)
			in.environ = environment.Overlay(in.environ, set)
		}
	}
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitConfig
	}
	if len(o.command)+len(o.files) == 0 && !o.values {
		if text, running := runningConfiguration(in, o.json); running {
			return in.wrote(fmt.Fprintln(in.stdout, text))
		}
	}
	cfg, warnings, problems, err := config.Examine(in.environ, o.command, os.Getuid())
	if err != nil {
		fmt.Fprintln(in.stderr, "percore:", err)
		return exitInternal
	}
	if !o.values {
		problems = append(problems, survey(in, cfg, problems)...)
		if why := ports.Blind(); why != "" {
			warnings = append(warnings, config.Warning{Name: "PERCORE_READY", What: why})
		}
	}
	if o.json {
		return in.printVerdict(cfg, warnings, problems)
	}
	return in.tellVerdict(cfg, warnings, problems)
}

func (in invocation) tellVerdict(cfg *config.Config, warnings []config.Warning, problems []config.Problem) int {
	for _, w := range warnings {
		fmt.Fprintln(in.stderr, "percore: warning:", w)
	}
	if len(problems) > 0 {
		fmt.Fprintln(in.stderr, "percore:", &config.Problems{List: problems})
		return exitConfig
	}
	return in.wrote(0, reference.Effective(in.stdout, cfg))
}

func (in invocation) printVerdict(cfg *config.Config, warnings []config.Warning, problems []config.Problem) int {
	v := verdict{OK: len(problems) == 0, Problems: append([]config.Problem{}, problems...), Warnings: []config.Problem{}, Settings: cfg.Sources()}
	for _, w := range warnings {
		v.Warnings = append(v.Warnings, config.Problem(w))
	}
	if code := in.wrote(0, writeJSON(in.stdout, v)); code != exitOK {
		return code
	}
	if !v.OK {
		return exitConfig
	}
	return exitOK
}

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// wrote is the exit code of a word that has printed what it had to say. Who reads no further, such as head, has what it wants.
func (in invocation) wrote(_ int, err error) int {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitOK
	}
	fmt.Fprintln(in.stderr, "percore:", err)
	return exitInternal
}
