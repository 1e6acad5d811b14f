package commandline_test

import (
	"testing"

	"percore/entrypoint/config/commandline"
)

func TestAsksForSocket(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []string
		want  bool
	}{
		{"no words", nil, false},
		{"a port", []string{"app", "--port={port}"}, false},
		{"a socket as a word", []string{"app", "{socket}"}, true},
		{"a socket inside a word", []string{"app", "--bind=unix:{socket},x"}, true},
		{"a socket in a script", []string{"sh", "-c", "exec app {socket}"}, true},
		{"the word alone", []string{"app", "socket"}, false},
		{"in capitals, which is not replaced", []string{"app", "{SOCKET}"}, false},
	} {
		if got := commandline.AsksForSocket(c.words); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func TestSlip(t *testing.T) {
	for _, c := range []struct {
		name         string
		words        []string
		wrong, right string
	}{
		{"no words", nil, "", ""},
		{"no braces", []string{"app", "--port", "port"}, "", ""},
		{"right ones", []string{"app", "{port}", "{index}", "{name}", "{socket}"}, "", ""},
		{"two letters swapped", []string{"app", "{prot}"}, "{prot}", "{port}"},
		{"a letter left out", []string{"app", "{nme}"}, "{nme}", "{name}"},
		{"a letter too many", []string{"app", "{sockets}"}, "{sockets}", "{socket}"},
		{"another letter", []string{"app", "{inder}"}, "{inder}", "{index}"},
		{"a capital", []string{"app", "{Port}"}, "{Port}", "{port}"},
		{"the first of several", []string{"app", "{prot}", "{nmae}"}, "{prot}", "{port}"},
		{"two slips are another word", []string{"app", "{prt0}"}, "", ""},
		{"inside other braces", []string{"app", "{{idex}}"}, "{idex}", "{index}"},
		{"behind other braces", []string{"app", "{x} {} {nam}"}, "{nam}", "{name}"},
		{"beside a right one in the same word", []string{"app", "{port}:{prot}"}, "", ""},
		{"in another word than a right one", []string{"app", "{port}", "{prot}"}, "{prot}", "{port}"},
		{"braces that do not close", []string{"app", "{prot"}, "", ""},
		{"braces that do not open", []string{"app", "prot}"}, "", ""},
		{"a brace that opens twice", []string{"app", "{a{prot}"}, "{prot}", "{port}"},
		{"words of a template of the program's own", []string{"app", "{host}", "{}", "{other}", "{p}"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong, right := commandline.Slip(c.words)
			if wrong != c.wrong || right != c.right {
				t.Errorf("%q: got %q for %q, want %q for %q", c.words, wrong, right, c.wrong, c.right)
			}
		})
	}
}

func FuzzSlip(f *testing.F) {
	for _, word := range []string{"{prot}", "{{idex}}", "{x} {nam}", "{", "}", "{{{{", "{port}{prot}"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		wrong, right := commandline.Slip([]string{word})
		if (wrong == "") != (right == "") {
			t.Errorf("%q: got %q for %q, want both or none", word, wrong, right)
		}
	})
}
