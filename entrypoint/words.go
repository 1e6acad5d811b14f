package main

import (
	"fmt"
	"io"
	"slices"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/reference"
	"percore/entrypoint/front"
	"percore/entrypoint/licenses"
	"percore/entrypoint/manual"
	"percore/entrypoint/self"
	"percore/entrypoint/survey"
	"percore/reaper/early"
)

// words are the first words that are percore's own. Any other is the workers' command.
var words = map[string]func(self.Invocation) int{
	"demo":      superviseDemo,
	"check":     survey.Check,
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
func play(in self.Invocation) int {
	switch environment.RoleOf(in.Environ) {
	case environment.RoleFront:
		return front.Run(in)
	case environment.RoleDemoWorker:
		return demoWorker(in)
	}
	if in.Name == "supervisorctl" {
		in.Signals = early.Release()
		return supervisorctl(in)
	}
	switch {
	case len(in.Args) == 0:
	case in.Args[0] == "--":
		in.Args = in.Args[1:]
	case words[in.Args[0]] != nil:
		return playWord(in)
	default:
		if wrong := manual.Mistake(in.Args[0], in.Variable("PATH")); wrong != "" {
			return refuse(in, wrong)
		}
	}
	if config.WantsInit(in.Environ) {
		return initMode(in, in.Args)
	}
	return fleetMode(in, in.Args)
}

// playWord does what a word says, unless it is asked what that is, or is given what it does not take.
func playWord(in self.Invocation) int {
	word, rest := in.Args[0], in.Args[1:]
	if word != "init" {
		in.Signals = early.Release()
	}
	p := manual.PageOf(word)
	if p.AsksForHelp(rest) {
		fmt.Fprint(in.Stdout, p)
		return self.ExitOK
	}
	if wrong := p.Misused(rest); wrong != "" {
		fmt.Fprintf(in.Stderr, "percore: %s %s\nusage: percore %s\n", word, wrong, p.Synopsis)
		return self.ExitConfig
	}
	return words[word](in)
}

// reserved answers for words that later versions will know, so that no worker takes their names.
func reserved(in self.Invocation) int {
	fmt.Fprintf(in.Stderr, "percore: %q is a word of percore that this version does not have yet.\n"+
		"If it is your worker's command, write: percore -- %s\n", in.Args[0], in.Args[0])
	return self.ExitConfig
}

func printVersion(in self.Invocation) int {
	if slices.Contains(in.Args, "--licenses") {
		fmt.Fprint(in.Stdout, licenses.ThirdParty)
		return self.ExitOK
	}
	fmt.Fprintln(in.Stdout, "percore", in.Version)
	return self.ExitOK
}

// refuse ends a mistake: the usage, and below it, where it is read, what is wrong and how to run such a program all
// the same.
func refuse(in self.Invocation, wrong string) int {
	fmt.Fprintf(in.Stderr, "%s\npercore: %s\nIf it is your worker's command, write: percore -- %s\n", manual.Usage,
		wrong, in.Args[0])
	return self.ExitConfig
}

// help prints the usage, or the page of a word.
func help(in self.Invocation) int {
	if len(in.Args) < 2 {
		fmt.Fprint(in.Stdout, manual.Usage)
		return self.ExitOK
	}
	word := in.Args[1]
	p := manual.PageOf(word)
	if p.Synopsis == "" {
		fmt.Fprintf(in.Stderr, "%s\npercore: %q is no word of percore%s\n", manual.Usage, word,
			manual.DidYouMean(manual.Nearest(word)))
		return self.ExitConfig
	}
	fmt.Fprint(in.Stdout, p)
	return self.ExitOK
}

// completion prints a shell's script.
func completion(in self.Invocation) int {
	if len(in.Args) == 2 {
		if script, known := manual.Completion(in.Args[1]); known {
			return in.Wrote(fmt.Fprint(in.Stdout, script))
		}
	}
	fmt.Fprintf(in.Stderr, "percore: completion takes the name of a shell\nusage: percore %s\n",
		manual.PageOf("completion").Synopsis)
	return self.ExitConfig
}

// printReference prints every variable.
func printReference(in self.Invocation) int {
	write := reference.Text
	if len(in.Args) > 1 {
		known := map[string]func(io.Writer) error{"--markdown": reference.Markdown, "--json": reference.JSON}
		write = known[in.Args[1]]
	}
	return in.Wrote(0, write(in.Stdout))
}
