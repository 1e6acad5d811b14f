package peers_test

import (
	"errors"
	"strings"
	"testing"

	"percore/lbproxy/internal/peers"
)

func TestAScriptIsReadCaseByCase(t *testing.T) {
	cases, err := peers.Parse(`
# A comment.
case The first
proxy A=1 B=2s
client
  send "ab" "c"
    | d
worker
  accept
  send fill 1000
log 200 502

case The second
whole
client two
  settle
`)
	if err != nil || len(cases) != 2 {
		t.Fatalf("got %d cases and error %v, want 2", len(cases), err)
	}
	first, second := cases[0], cases[1]
	if first.Name != "The first" || first.Line != 3 || first.Options["A"] != "1" || first.Options["B"] != "2s" {
		t.Errorf("first case: got %+v", first)
	}
	if first.Bytes != len("abcd\r\n") {
		t.Errorf("bytes that can be cut: got %d, want those of the strings and lines, 6", first.Bytes)
	}
	if strings.Join(first.Log, " ") != "200 502" || second.Log != nil || first.Whole || !second.Whole {
		t.Errorf("log and whole: got %q %q %v %v", first.Log, second.Log, first.Whole, second.Whole)
	}
}

func TestAMistakeInAScriptIsNamedWithItsLine(t *testing.T) {
	tests := []struct {
		name, script, want string
		line               int
	}{
		{"a statement before the first case", "client\n", "before the first case", 1},
		{"a case without a peer", "case a\ncase b\nclient\n", "has no peer", 2},
		{"the last case without a peer", "case a\n", "has no peer", 2},
		{"an unknown statement", "case a\nclient\ndance\n", `unknown statement "dance"`, 3},
		{"a statement outside of a peer", "case a\nsettle\n", "before the first client", 2},
		{"a worker's statement in a client", "case a\nclient\naccept\n", "is for a worker", 3},
		{"a client's statement in a worker", "case a\nworker\nconnect\n", "is for a client", 3},
		{"a string without an end", "case a\nclient\nsend \"abc\n", "neither a Go string nor a fill", 3},
		{"a fill without a number", "case a\nclient\nsend fill much\n", "size of a fill", 3},
		{"a line of bytes behind a statement that takes none", "case a\nclient\nsettle\n| x\n", "takes no lines", 4},
		{"a line of bytes behind a fill", "case a\nclient\nsend fill 3\n| x\n", "takes no lines", 4},
		{"a line of bytes behind nothing", "case a\nclient\n| x\n", "without a statement", 3},
		{"a word that is missing", "case a\nclient\nhead\n", "something is missing", 3},
		{"a word too many", "case a\nclient\nfinish now\n", "nothing to do here", 3},
		{"an option without a value", "case a\nproxy Fast\nclient\n", "has no value", 2},
		{"buffers without a size", "case a\nclient\nbuffers small\n", "invalid syntax", 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := peers.Parse(test.script)
			var mistake *peers.Error
			if !errors.As(err, &mistake) || mistake.Line != test.line || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want line %d: … %s …", err, test.line, test.want)
			}
		})
	}
}
