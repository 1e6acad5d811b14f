// Package survey is `percore check`: all that a start would find wrong, found without starting. The configuration is
// held against this machine as a start would do it (survey.go): programs, folders, users, log files, addresses,
// ports, where bodies are held. What a percore that runs here already has is no fault (holdings.go).
package survey

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/reference"
	"percore/entrypoint/self"
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

// sound is the verdict on a configuration that nothing is wrong with; its lists are empty rather than none.
func sound(cfg *config.Config) verdict {
	return verdict{OK: true, Problems: []config.Problem{}, Warnings: []config.Problem{}, Settings: cfg.Sources()}
}

// Check says all that a start would find wrong, and prints what would hold. Where a PID 1 with the same environment
// runs in this container, what holds there is printed, with what updates have changed.
func Check(in self.Invocation) int {
	o, err := parseCheck(in.Args[1:])
	for _, file := range o.files {
		if err == nil {
			var set []string
			set, err = environment.ReadFile(file, in.Environ)
			in.Environ = environment.Overlay(in.Environ, set)
		}
	}
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitConfig
	}
	if len(o.command)+len(o.files) == 0 && !o.values {
		if text, running := runningConfiguration(in, o.json); running {
			return in.Wrote(fmt.Fprintln(in.Stdout, text))
		}
	}
	cfg, warnings, problems, err := config.Examine(in.Environ, o.command, os.Getuid())
	if err != nil {
		fmt.Fprintln(in.Stderr, "percore:", err)
		return self.ExitInternal
	}
	if !o.values {
		problems = append(problems, survey(in, cfg, problems)...)
		if why := ports.Blind(); why != "" {
			warnings = append(warnings, config.Warning{Name: "PERCORE_READY", What: why})
		}
	}
	if o.json {
		return printVerdict(in, cfg, warnings, problems)
	}
	return tellVerdict(in, cfg, warnings, problems)
}

func tellVerdict(in self.Invocation, cfg *config.Config, warnings []config.Warning, problems []config.Problem) int {
	for _, w := range warnings {
		fmt.Fprintln(in.Stderr, "percore: warning:", w)
	}
	if len(problems) > 0 {
		fmt.Fprintln(in.Stderr, "percore:", &config.Problems{List: problems})
		return self.ExitConfig
	}
	return in.Wrote(0, reference.Effective(in.Stdout, cfg))
}

func printVerdict(in self.Invocation, cfg *config.Config, warnings []config.Warning, problems []config.Problem) int {
	v := sound(cfg)
	v.OK, v.Problems = len(problems) == 0, append(v.Problems, problems...)
	for _, w := range warnings {
		v.Warnings = append(v.Warnings, config.Problem(w))
	}
	if code := in.Wrote(0, writeJSON(in.Stdout, v)); code != self.ExitOK {
		return code
	}
	if !v.OK {
		return self.ExitConfig
	}
	return self.ExitOK
}

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// InForce is what `percore check` prints of a configuration that holds.
func InForce(cfg *config.Config, asJSON bool) (text string, err error) {
	var out strings.Builder
	if asJSON {
		err = writeJSON(&out, sound(cfg))
	} else {
		err = reference.Effective(&out, cfg)
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}
