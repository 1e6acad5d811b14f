package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/licenses"
	"percore/entrypoint/manual"
	"percore/reaper/early"
)

// Exit codes of percore itself; DESIGN: a worker's own code is passed on otherwise.
const (
	exitOK       = 0
	exitConfig   = 2  // the configuration, or what it asks of the machine, is not usable
	exitInternal = 70 // EX_SOFTWARE of sysexits(3): a fault of percore
)

// invocation is what the process was started with.
type invocation struct {
	name           string // base name that percore was called by
	args           []string
	environ        []string
	stdout, stderr io.Writer
	signals        <-chan os.Signal
	began          time.Time
}

// words are the first words that are percore's own. Any other is the workers' command.
var words = map[string]func(invocation) int{
	"demo":      superviseDemo,
	"check":     check,
	"env":       printReference,
	"version":   printVersion,
	"--version": printVersion,
	"help":      help,
	"--help":    help,
	"-h":        help,

	"init": initWord,

	"status": controlWord, "start": controlWord, "stop": controlWord, "restart": controlWord, "signal": controlWord,
	"scale": controlWord, "drain": controlWord, "undrain": controlWord, "tail": controlWord, "logs": controlWord, "pid": controlWord,
	"update": controlWord, "reread": controlWord, "avail": controlWord, "shutdown": controlWord, "healthcheck": controlWord,

	"completion": completion,

	"doctor": reserved, "migrate": reserved, "top": reserved,
}

// play finds the role and plays it. It returns the exit code.
func play(in invocation) int {
	switch environment.RoleOf(in.environ) {
	case environment.RoleFront:
		return front(in)
	case environment.RoleDemoWorker:
		return demoWorker(in)
	}
	if in.name == "supervisorctl" {
		in.signals = early.Release()
		return supervisorctl(in)
	}
	switch {
	case len(in.args) == 0:
	case in.args[0] == "--":
		in.args = in.args[1:]
	case words[in.args[0]] != nil:
		return playWord(in)
	default:
		if wrong := manual.Mistake(in.args[0], in.variable("PATH")); wrong != "" {
			return in.refuse(wrong)
		}
	}
	if config.WantsInit(in.environ) {
		return initMode(in, in.args)
	}
	return supervise(in, in.args)
}

// playWord does what a word says, unless it is asked what that is, or is given what it does not take.
func playWord(in invocation) int {
	word, rest := in.args[0], in.args[1:]
	if word != "init" {
		in.signals = early.Release()
	}
	p := manual.PageOf(word)
	if p.AsksForHelp(rest) {
		fmt.Fprint(in.stdout, p)
		return exitOK
	}
	if wrong := p.Misused(rest); wrong != "" {
		fmt.Fprintf(in.stderr, "percore: %s %s\nusage: percore %s\n", word, wrong, p.Synopsis)
		return exitConfig
	}
	return words[word](in)
}

// reserved answers for words that later versions will know, so that nobody's worker takes their names.
func reserved(in invocation) int {
	fmt.Fprintf(in.stderr, "percore: %q is a word of percore that this version does not have yet.\n"+
		"If it is your worker's command, write: percore -- %s\n", in.args[0], in.args[0])
	return exitConfig
}

func printVersion(in invocation) int {
	if slices.Contains(in.args, "--licenses") {
		fmt.Fprint(in.stdout, licenses.ThirdParty)
		return exitOK
	}
	fmt.Fprintln(in.stdout, "percore", version)
	return exitOK
}

// refuse ends a mistake: the usage, and below it, where it is read, what is wrong and how to run such a program all the same.
func (in invocation) refuse(wrong string) int {
	fmt.Fprintf(in.stderr, "%s\npercore: %s\nIf it is your worker's command, write: percore -- %s\n", manual.Usage, wrong, in.args[0])
	return exitConfig
}

// variable is the value of an environment variable.
func (in invocation) variable(name string) string {
	for _, entry := range in.environ {
		if value, is := strings.CutPrefix(entry, name+"="); is {
			return value
		}
	}
	return ""
}

// help prints the usage, or the page of a word.
func help(in invocation) int {
	if len(in.args) < 2 {
		fmt.Fprint(in.stdout, manual.Usage)
		return exitOK
	}
	word := in.args[1]
	p := manual.PageOf(word)
	if p.Synopsis == "" {
		fmt.Fprintf(in.stderr, "%s\npercore: %q is no word of percore%s\n", manual.Usage, word, manual.DidYouMean(manual.Nearest(word)))
		return exitConfig
	}
	fmt.Fprint(in.stdout, p)
	return exitOK
}

// completion prints a shell's script.
func completion(in invocation) int {
	if len(in.args) == 2 {
		if script, known := manual.Completion(in.args[1]); known {
			return in.wrote(fmt.Fprint(in.stdout, script))
		}
	}
	fmt.Fprintf(in.stderr, "percore: completion takes the name of a shell\nusage: percore %s\n", manual.PageOf("completion").Synopsis)
	return exitConfig
}
