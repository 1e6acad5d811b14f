package initsuite

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"percore/e2e/rig"
)

var (
	compare = flag.Bool("compare", false, "run every scenario against every init and write docs/init.md")
	quick   = flag.Bool("quick", false, "with -compare: as few rounds as in an ordinary run")
)

// kit has the probe beside percore: containers of other users read both.
var kit = rig.Kit{Name: "initsuite", Prepare: func(k *rig.Kit) error {
	sources, err := filepath.Glob("testdata/probe/*.c")
	if err != nil {
		return err
	}
	_, err = k.CompileC("probe", sources...)
	return err
}}

// scenario is one promise and the way to find out whether an init keeps it.
type scenario struct {
	part  string // the heading it stands under
	name  string // the promise, a sentence
	needs []feature
	run   func(*trial) verdict

	docker    bool   // takes a Docker engine
	thorough  bool   // only the comparison has the time for it
	alone     bool   // measures time or is a load itself: nothing else may run beside it
	tolerated string // why percore may break it
}

// scenarios are all promises, in the order of the table.
func scenarios() []scenario {
	return slices.Concat(exitScenarios, signalScenarios, startScenarios, worldScenarios, terminalScenarios, jobScenarios,
		orphanScenarios, belowScenarios, outputScenarios, containerScenarios, footprintScenarios)
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if os.Getuid() != 0 {
		fmt.Println("******** SKIPPED: the init scenarios take root, for namespaces ********")
		return 0
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		fmt.Println("******** SKIPPED: the init scenarios take gcc, for the program they run ********")
		return 0
	}
	return kit.Main(m)
}

// subject is the init under test: percore, or what PERCORE_E2E_INIT says.
func subject() candidate {
	words := strings.Fields(os.Getenv("PERCORE_E2E_INIT"))
	if len(words) == 0 {
		words = []string{kit.Percore, "init", "--"}
	}
	return newCandidate(words)
}

// TestScenarios holds percore to every promise. Of another init it only tells.
func TestScenarios(t *testing.T) {
	c := subject()
	if err := c.installed(); err != nil {
		t.Fatal(err)
	}
	ours := c.name == "percore"
	verdicts := ask(t, c, false)
	for i, s := range scenarios() {
		v := verdicts[i]
		if v.answer == unknown {
			continue
		}
		t.Logf("%-12s %s: %s", s.part, s.name, v)
		if ours && (v.answer == no || v.answer == absent) && s.tolerated == "" {
			t.Errorf("%s: got %q, want a promise kept", s.name, v)
		}
	}
}

// ask runs all scenarios against one init and gives the verdicts in their order.
func ask(t *testing.T, c candidate, full bool) []verdict {
	all := scenarios()
	verdicts := make([]verdict, len(all))
	for i := range verdicts {
		verdicts[i] = verdict{answer: unknown}
	}
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("%s alone %v", c.name, alone), func(t *testing.T) {
			for i, s := range all {
				if s.alone == alone {
					t.Run(s.name, func(t *testing.T) {
						if !alone {
							t.Parallel()
						}
						verdicts[i] = examine(t, s, c, full)
					})
				}
			}
		})
	}
	return verdicts
}

// examine runs one scenario, or says why not.
func examine(t *testing.T, s scenario, c candidate, full bool) verdict {
	switch {
	case !c.has(s.needs):
		return verdict{answer: absent}
	case s.docker && !engine():
		t.Skip("******** SKIPPED: no Docker engine answers ********")
	case s.thorough && !*compare:
		t.Skip("takes too long for every day: go test ./e2e/initsuite -run TestCompare -compare")
	}
	began := time.Now()
	v := s.run(&trial{T: t, init: c, bin: kit.Dir, full: full})
	t.Logf("%s (%v)", v, time.Since(began).Round(time.Millisecond))
	return v
}
