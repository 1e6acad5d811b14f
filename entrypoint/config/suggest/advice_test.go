package suggest_test

import (
	"regexp"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/suggest"
)

// What is built is nothing of a later version any more, and what is recommended has to exist.
func TestAdviceIsUpToDate(t *testing.T) {
	known := map[string]bool{}
	for _, v := range config.Reference() {
		known[v.Name] = true
	}
	for _, a := range suggest.AllAdvice() {
		for _, name := range a.Names {
			if known["PERCORE_"+name] && name != "WEB_CONCURRENCY" {
				t.Errorf("%s is a variable by now: take it out of advice.go", name)
			}
		}
		for _, name := range regexp.MustCompile(`PERCORE_[A-Z_]+`).FindAllString(a.Mend, -1) {
			if !known[name] {
				t.Errorf("%q recommends %s, which is no variable", a.Mend, name)
			}
		}
	}
}
