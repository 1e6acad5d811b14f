package archtest

import (
	"go/ast"
	"slices"
	"testing"
)

// twins are pairs of types with the same words, in packages of which neither may import the other: what a variable
// says, and what the front door does by it.
var twins = []struct{ pkg, name, otherPkg, otherName string }{
	{"entrypoint/config/value", "AccessLog", "lbproxy/accesslog", "Form"},
	{"entrypoint/config/value", "Balance", "lbproxy/balance", "Method"},
}

func TestTwinsHaveTheSameWords(t *testing.T) {
	product := load(t, "..")
	for _, twin := range twins {
		one, other := product.words(twin.pkg, twin.name), product.words(twin.otherPkg, twin.otherName)
		if len(one) == 0 || !slices.Equal(one, other) {
			t.Errorf("%s.%s has the words %q, and %s.%s has %q", twin.pkg, twin.name, one, twin.otherPkg, twin.otherName, other)
		}
	}
}

// words are the values of the constants of a type of text, sorted.
func (t tree) words(pkg, name string) (words []string) {
	for _, file := range t.files {
		if file.pkg != pkg {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || lastName(spec.Type) != name {
				return true
			}
			for _, value := range spec.Values {
				if word, ok := constant(value); ok {
					words = append(words, word)
				}
			}
			return true
		})
	}
	slices.Sort(words)
	return words
}

func TestTheWordsOfATypeAreFound(t *testing.T) {
	bad := load(t, "testdata/bad")
	if got := bad.words("entrypoint/config/value", "Mode"); len(got) < 2 {
		t.Errorf("got the words %q of the modes, want all of them", got)
	}
}
