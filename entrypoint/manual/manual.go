// Package manual is the command line in words: the page of each word, what a word takes, which word was meant by one
// that is nearly right, and the completions of the shells, which are all made from the pages. It runs nothing;
// package main has the words' functions.
package manual

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Page is what `percore help WORD` prints of a word, and what the word takes.
type Page struct {
	Synopsis string   // what follows percore
	about    string   // lines for people
	options  []string // "--env-file=" takes a value, in the same word or the next
	operands operands
}

// operands are the words behind a word's options.
type operands int

const (
	noOperands operands = iota
	someOperands
	numbers // some, and those such as -100 are no options
	command // a worker's command line, whose options are its own
	free    // the word has an eye on its options itself
)

// pages has one for every word.
var pages = map[string]Page{
	"demo": {"demo", `Runs a fleet of the built-in demo worker on http://127.0.0.1:8080, or where PERCORE_LISTEN says.
All other variables count, too.`, nil, noOperands},
	"init": {"init [--] COMMAND [ARG...]", `Runs COMMAND once, as a transparent init: signals, terminal and exit code are passed on unchanged.
The same as PERCORE_MODE=init. It has no options; PERCORE_ variables take their place, see docs/init.md.`, nil, free},
	"check": {"check [--json] [--values] [--env-file F] [--] [COMMAND [ARG...]]", "" +
		`Says everything that a start would find wrong, without starting anything: in the variables, and on this
machine in commands, folders, users, log files and ports. Then it prints the value of each variable and where
the value comes from. --values checks the variables alone. --env-file reads variables from a file, as docker
run does. Without COMMAND, in the container of a running percore, it prints what holds there.
Exits with 0 when all is well, with 2 when something is wrong.`, []string{"--json", "--values", "--env-file="}, command},
	"env":     {"env [--markdown|--json]", "Prints the reference of every variable.", []string{"--markdown", "--json"}, noOperands},
	"version": {"version [--licenses]", "Prints the version of this binary, or the licenses of what is in it.", []string{"--licenses"}, noOperands},
	"help":    {"help [WORD]", "Lists the words, or says what WORD does.", nil, someOperands},

	"status": {"status [--json] [-v] [NAME...]", `Prints a line for each worker. -v and --json add readiness, requests, restarts, the last end, memory and CPU.
Exits with 3 when a worker is down, and with 4 when a name is unknown or no percore answers.`, []string{"--json", "-v"}, someOperands},
	"start": {"start NAME...", "Starts what is stopped, and waits until it is ready.\n" + aboutNames, nil, someOperands},
	"stop":  {"stop NAME...", "Takes workers out of traffic, waits for their requests, and stops them.\n" + aboutNames, nil, someOperands},
	"restart": {"restart [--hard] NAME...", "" +
		`Replaces workers one after another. No request is lost, and the rest stay when a new worker is not ready.
--hard stops all of them first, then starts all.
` + aboutNames, []string{"--hard"}, someOperands},
	"signal":  {"signal SIGNAL NAME...", "Sends a signal, such as HUP, SIGHUP or 1.\n" + aboutNames, nil, someOperands},
	"scale":   {"scale [GROUP] N|+N|-N", "Sets the number of workers to N, or makes it N larger or smaller.", nil, numbers},
	"drain":   {"drain NAME...", "Takes workers out of traffic when their requests are done. They keep running.\n" + aboutNames, nil, someOperands},
	"undrain": {"undrain NAME...", "Gives drained workers traffic again.\n" + aboutNames, nil, someOperands},
	"tail": {
		"tail [-f] [-BYTES] NAME [stdout|stderr]", `Prints the last 1600 bytes, or BYTES, of what a worker has written. -f goes on as it writes.`,
		[]string{"-f"},
		numbers,
	},
	"logs": {"logs [-f] [NAME...]", `Prints the end of both streams of all workers, or of those named, each line behind its worker's name.
-f goes on as they write.`, []string{"-f"}, someOperands},
	"pid": {"pid [NAME...]", "Prints process ids: that of PID 1 without a name, those of all workers for all.", nil, someOperands},
	"update": {"update [--dry-run] [--env-file F] [NAME=VALUE...]", "" +
		`Changes variables while percore runs: it says what each change does, and does it. --dry-run only says it.
An empty value unsets a variable.`, []string{"--dry-run", "--env-file="}, someOperands},
	"reread":      {"reread [--env-file F] [NAME=VALUE...]", "Names the groups that an update would change.", []string{"--env-file="}, someOperands},
	"avail":       {"avail", "Lists every process that is configured.", nil, noOperands},
	"shutdown":    {"shutdown", "Stops everything and ends the container, as SIGTERM does.", nil, noOperands},
	"healthcheck": {"healthcheck", "Prints one line, and exits with 0 when a worker serves, else with 1: for Docker's HEALTHCHECK.", nil, free},

	"completion": {"completion bash|zsh|fish", `Prints the script for a shell, as in eval "$(percore completion bash)".`, nil, free},
	"doctor":     {"doctor [--json]", aboutLater, nil, free},
	"migrate":    {"migrate FILE...", aboutLater, nil, free},
	"top":        {"top", aboutLater, nil, free},
}

const (
	aboutNames = "NAME is GROUP:NAME-PORT as status prints it, GROUP:*, all, or a worker's name alone."
	aboutLater = "A later version will have it. This one does not."
)

// PageOf is the page of a word, by another name that it may have, too.
func PageOf(word string) Page {
	switch word {
	case "-h", "--help":
		word = "help"
	case "--version":
		word = "version"
	}
	return pages[word]
}

// AsksForHelp reports whether --help is among the arguments that are the word's own.
func (p Page) AsksForHelp(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--help", arg == "-h":
			return true
		case arg == "--", p.takesCommand() && !strings.HasPrefix(arg, "-"):
			return false
		}
	}
	return false
}

func (p Page) takesCommand() bool { return p.operands == command || p.operands == free }

// Misused says what a word does not take; nothing where it takes all.
func (p Page) Misused(args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if p.operands == free || arg == "--" {
			return ""
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" || p.operands == numbers && isNumber(arg) {
			switch p.operands {
			case noOperands:
				return fmt.Sprintf("takes no %q", arg)
			case command:
				return ""
			default:
				continue
			}
		}
		name, _, joined := strings.Cut(arg, "=")
		switch {
		case slices.Contains(p.options, name+"="):
			if !joined {
				i++
			}
		case !slices.Contains(p.options, arg):
			return fmt.Sprintf("has no option %q", arg)
		}
	}
	return ""
}

func isNumber(arg string) bool {
	_, err := strconv.Atoi(arg)
	return err == nil
}

// String is the page as it is printed.
func (p Page) String() string { return fmt.Sprintf("usage: percore %s\n\n%s\n", p.Synopsis, p.about) }

// Words are all words, in order.
func Words() []string { return slices.Sorted(maps.Keys(pages)) }
