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

// TestBytesAreNumberedOverAllPeers holds that each byte of a case has a place of its own, in the order of its peers,
// and that fills have none.
func TestBytesAreNumberedOverAllPeers(t *testing.T) {
	cases, err := peers.Parse(`case x
worker
  accept
  expect "abc"
  send "def"
client
  send "ab"
  send fill 100
  send
    | c
  expect "def"
`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cases[0].Bytes, len("def")+len("ab")+len("c\r\n"); got != want {
		t.Errorf("bytes: got %d, want %d", got, want)
	}
}

func TestBytesMayBeWrittenInSeveralWays(t *testing.T) {
	for text, want := range map[string]int{
		`send "abc"`:                    3,
		`send "a" "bc"`:                 3,
		`send "a""bc"`:                  3,
		"send `a\\n`":                   3, // a raw string: no escapes
		`send "\r\n\x00"`:               3,
		`send "ä"`:                      2,
		`send ""`:                       0,
		"send\n    | a":                 3,
		"send\n    |":                   2,
		"send\n    | a\n    | b":        6,
		"send \"GET\"\n    |  / x":      3 + len(" / x\r\n"),
		"send fill 5000":                0, // cannot be cut up
		"send \"a\"\nsend \"b\"":        2,
		"send \"a\"\n# | no\nsend \"\"": 1,
	} {
		cases, err := peers.Parse("case x\nclient\n" + text + "\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := cases[0].Bytes; got != want {
			t.Errorf("%s: got %d bytes, want %d", text, got, want)
		}
	}
}

func TestBytesThatAreNoneAreAMistake(t *testing.T) {
	for _, text := range []string{
		`send abc`, `send "abc" def`, `send "abc" fill 3`, `send 'a'b`, `send "\q"`, `send fill`, `send fill 1 2`, `send "a`, "send `a",
	} {
		var mistake *peers.Error
		if _, err := peers.Parse("case x\nclient\n" + text + "\n"); !errors.As(err, &mistake) || mistake.Line != 3 {
			t.Errorf("%s: got %v, want a mistake in line 3", text, err)
		}
	}
}

func TestOptionsOfACaseAreItsOwn(t *testing.T) {
	cases, err := peers.Parse(`case one
proxy A=1 B=x=y
proxy C=
client
  settle
case two
client
  settle
`)
	if err != nil {
		t.Fatal(err)
	}
	one := cases[0].Options
	if len(one) != 3 || one["A"] != "1" || one["B"] != "x=y" || one["C"] != "" {
		t.Errorf("options: got %q, want those of both lines", one)
	}
	if two := cases[1].Options; two == nil || len(two) != 0 {
		t.Errorf("options of the next case: got %q, want none", two)
	}
}

func TestALogThatIsEmptyIsNotOneThatIsNotAsked(t *testing.T) {
	cases, err := peers.Parse("case a\nlog\nclient\nsettle\ncase b\nclient\nsettle\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := cases[0].Log; got == nil || len(got) != 0 {
		t.Errorf("a log without statuses: got %#v, want an empty list", got)
	}
	if got := cases[1].Log; got != nil {
		t.Errorf("no word about the log: got %#v, want nil", got)
	}
}

func TestIndentsAndEmptyLinesMeanNothing(t *testing.T) {
	flat, err := peers.Parse("case x\nclient\nsend \"a\"\nsettle\n")
	if err != nil {
		t.Fatal(err)
	}
	deep, err := peers.Parse("\n\n  case x\r\n\t client\n\n      send   \"a\"  \n\n# nothing\n  settle")
	if err != nil {
		t.Fatal(err)
	}
	if flat[0].Name != deep[0].Name || flat[0].Bytes != deep[0].Bytes {
		t.Errorf("got %+v, want the same as %+v", deep[0], flat[0])
	}
	if deep[0].Line != 3 {
		t.Errorf("line of the case: got %d, want 3", deep[0].Line)
	}
}

// TestAMistakeInALaterCaseHasItsLine counts over cases, comments and lines of bytes.
func TestAMistakeInALaterCaseHasItsLine(t *testing.T) {
	const script = `case a
client
  send
    | x
    | y
# a comment

case b
worker
  accept
  mistake
`
	_, err := peers.Parse(script)
	var mistake *peers.Error
	if !errors.As(err, &mistake) || mistake.Line != 11 || mistake.Peer != "" {
		t.Fatalf("got %v, want line 11 and no peer", err)
	}
	if got, want := err.Error(), `line 11: unknown statement "mistake"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzParse holds that a script is read or refused with one of its lines, whatever it is.
func FuzzParse(f *testing.F) {
	f.Add("case a\nclient\nsend \"x\"\n| y\nworker two\naccept\nexpect fill 10\n")
	f.Add("case a\nproxy A=1\nlog 200\nwhole\nclient\nhead HTTP\nno field X\n")
	f.Add("|\ncase\n#")
	f.Fuzz(func(t *testing.T, script string) {
		if strings.Contains(script, "fill ") { // as large as it says
			return
		}
		cases, err := peers.Parse(script)
		var mistake *peers.Error
		if err != nil && (!errors.As(err, &mistake) || mistake.Line < 1 || mistake.Line > strings.Count(script, "\n")+1) {
			t.Errorf("got %v, want a line of the script", err)
		}
		if err != nil && cases != nil {
			t.Error("got cases beside an error")
		}
		for _, c := range cases {
			if c.Bytes > 2*len(script) {
				t.Errorf("case %q: got %d bytes of a script with %d", c.Name, c.Bytes, len(script))
			}
		}
	})
}
