package initsuite

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// feature is something an init does only when it is asked to.
type feature string

const (
	group       feature = "signals to the group"
	single      feature = "signals to the child alone"
	remap143    feature = "exit code 143 becomes 0"
	remapAny    feature = "exit code 3 becomes 4"
	rewrite     feature = "TERM becomes QUIT, HUP is dropped"
	killTree    feature = "signals to the whole tree"
	waitAll     feature = "waits for all"
	parentDeath feature = "the child dies with the init"
	verbose     feature = "talks"
)

// asked is how to ask for a feature: options before the --, variables, or both.
type asked struct {
	options []string
	environ []string
}

// candidate is an init.
type candidate struct {
	name     string
	command  []string // how it is started, up to the --
	version  []string // prints its version
	features map[feature]asked
}

func env(pairs ...string) asked { return asked{environ: pairs} }
func opt(words ...string) asked { return asked{options: words} }

// features by the base name of the program. What is on by itself has an empty asked.
var features = map[string]map[feature]asked{
	"percore": {
		group: env("PERCORE_SIGNAL_GROUP=true"), single: {}, remap143: env("PERCORE_EXIT_REMAP=143:0"),
		remapAny: env("PERCORE_EXIT_REMAP=3:4"), rewrite: env("PERCORE_SIGNAL_MAP=TERM:QUIT,HUP:"),
		killTree: env("PERCORE_KILL_TREE=true"), waitAll: env("PERCORE_WAIT_ALL=true", "PERCORE_STOP_TIMEOUT=3"),
		parentDeath: env("PERCORE_PDEATHSIG=KILL"), verbose: env("PERCORE_LOGLEVEL=debug"),
	},
	"tini": {
		group: opt("-g"), single: {}, remap143: opt("-e", "143"), verbose: {options: []string{"-w"}, environ: []string{"TINI_VERBOSITY=3"}},
	},
	"dumb-init": {
		group: {}, single: opt("-c"), rewrite: opt("-r", "15:3", "-r", "1:0"), verbose: env("DUMB_INIT_DEBUG=1"),
	},
	"catatonit": {
		group: opt("-g"), single: {}, verbose: {},
	},
}

// others are the inits percore is compared with, in the order of the table's columns.
var others = []string{"tini --", "dumb-init --", "catatonit --"}

// newCandidate reads a command line such as "tini --".
func newCandidate(words []string) candidate {
	name := filepath.Base(words[0])
	c := candidate{name: name, command: words, version: []string{words[0], "--version"}, features: features[name]}
	if c.features == nil {
		c.features = map[feature]asked{single: {}, verbose: {}}
	}
	if name == "percore" {
		c.version[1] = "version"
	}
	return c
}

// installed looks the program up, so that what is measured is the same in every environment.
func (c *candidate) installed() error {
	path, err := exec.LookPath(c.command[0])
	if err != nil {
		return err
	}
	path, err = filepath.Abs(path)
	c.command = append([]string{path}, c.command[1:]...)
	c.version[0] = path
	return err
}

// versionLine is the first line the init says of itself.
func (c candidate) versionLine() string {
	out, _ := exec.Command(c.version[0], c.version[1:]...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// has says whether all the features can be asked for.
func (c candidate) has(wanted []feature) bool {
	return !slices.ContainsFunc(wanted, func(f feature) bool {
		_, known := c.features[f]
		return !known
	})
}

// argv is the init with features and a command: options go before the last word, which is the -- as a rule.
func (c candidate) argv(wanted []feature, command []string) []string {
	at := len(c.command)
	if c.command[at-1] == "--" {
		at--
	}
	argv := slices.Clone(c.command[:at])
	for _, f := range wanted {
		argv = append(argv, c.features[f].options...)
	}
	return append(append(argv, c.command[at:]...), command...)
}

// environ is what has to be set for the features.
func (c candidate) environ(wanted []feature) []string {
	var pairs []string
	for _, f := range wanted {
		pairs = append(pairs, c.features[f].environ...)
	}
	return pairs
}

func TestFeaturesGoBeforeTheCommand(t *testing.T) {
	c := newCandidate([]string{"/usr/bin/tini", "--"})
	got := strings.Join(c.argv([]feature{group, remap143}, []string{"true"}), " ")
	if want := "/usr/bin/tini -g -e 143 -- true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.has([]feature{group, killTree}) {
		t.Error("tini reaches the whole tree: got true, want false")
	}
}
