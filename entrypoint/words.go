package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/licenses"
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
	"env":       reference,
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
	switch config.RoleOf(in.environ) {
	case config.RoleFront:
		return front(in)
	case config.RoleDemoWorker:
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
		if wrong := in.mistake(); wrong != "" {
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
	p := pageOf(word)
	if asksForHelp(p, rest) {
		p.print(in)
		return exitOK
	}
	if wrong := p.misused(rest); wrong != "" {
		fmt.Fprintf(in.stderr, "percore: %s %s\nusage: percore %s\n", word, wrong, p.synopsis)
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

const usage = `usage:
  percore [--] COMMAND [ARG...]      run COMMAND once per usable CPU behind the front door
  percore demo                       the same with a built-in demo worker, on http://127.0.0.1:8080;
                                     as PID 1 of a container on every address
  percore init [--] COMMAND...       run COMMAND once, as a transparent init: no fleet, no front door
  percore check [--json] [--values] [--env-file F] [--] [COMMAND...]    all that a start would find wrong, without starting
  percore env [--markdown|--json]    the reference of every variable
  percore completion bash|zsh|fish   words, options and the names of workers for the shell
  percore version [--licenses] | --version | help [WORD] | WORD --help

  percore status [--json] [-v] [NAME...]      what a running percore's workers do; exits with 3 when one is down
  percore start|stop|restart NAME...          NAME is GROUP:NAME-PORT, GROUP:* or all; restart --hard stops all first
  percore scale [GROUP] N|+N|-N               have N workers, or N more or fewer
  percore drain|undrain NAME...               take workers out of traffic, and back
  percore signal SIGNAL NAME...               send a signal
  percore pid [NAME...]                       process ids; without a name PID 1's
  percore tail [-f] [-BYTES] NAME [stderr]    the end of a worker's output
  percore logs [-f] [NAME...]                 both streams of all workers, each line behind its worker's name
  percore update [--dry-run] [--env-file F] [NAME=VALUE...]    change variables at run time
  percore reread, avail, shutdown             as in supervisorctl
  percore healthcheck                         exit with 0 when a worker serves, else with 1

In COMMAND's arguments {port}, {index}, {name} and {socket} (PERCORE_BIND) are filled in for each worker.
Everything else is configured by PERCORE_ variables; see "percore env".
`
