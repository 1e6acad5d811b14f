package http1_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"percore/lbproxy/http1"
)

// cut takes a list apart from one side.
func cut(list string, from func([]byte) (element, rest []byte)) (elements []string) {
	for rest := []byte(list); ; {
		var element []byte
		element, rest = from(rest)
		if elements = append(elements, string(element)); len(rest) == 0 {
			return elements
		}
	}
}

func TestAListIsCutFromEitherSide(t *testing.T) {
	tests := []struct {
		list         string
		first, right []string
	}{
		{"", []string{""}, []string{""}},
		{"a", []string{"a"}, []string{"a"}},
		{"a,b", []string{"a", "b"}, []string{"b", "a"}},
		{" a ,\tb\t, c", []string{"a", "b", "c"}, []string{"c", "b", "a"}},
		{"a,,b", []string{"a", "", "b"}, []string{"b", "", "a"}},
		{"a b, c", []string{"a b", "c"}, []string{"c", "a b"}},
		{" \t ", []string{""}, []string{""}},
	}
	for _, test := range tests {
		t.Run(test.list, func(t *testing.T) {
			if got := cut(test.list, http1.CutFirst); !slices.Equal(got, test.first) {
				t.Errorf("from the left: got %q, want %q", got, test.first)
			}
			if got := cut(test.list, http1.CutLast); !slices.Equal(got, test.right) {
				t.Errorf("from the right: got %q, want %q", got, test.right)
			}
		})
	}
}

// TestBothSidesAgree: a reader from the right finds the elements that one from the left finds.
func TestBothSidesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var list strings.Builder
		for range random.IntN(12) {
			list.WriteByte("ab ,\t"[random.IntN(5)])
		}
		text := strings.Trim(list.String(), ",") // an empty element at an end is found from its own side only
		left, right := cut(text, http1.CutFirst), cut(text, http1.CutLast)
		if slices.Reverse(right); !slices.Equal(left, right) {
			t.Errorf("%q: got %q from the left and %q from the right", text, left, right)
		}
	}
}

func TestAnElementIsAPartOfItsList(t *testing.T) {
	list := []byte("first, last")
	first, _ := http1.CutFirst(list)
	last, _ := http1.CutLast(list)
	list[0], list[len(list)-1] = 'F', 'T'
	if string(first) != "First" || string(last) != "lasT" {
		t.Errorf("got %q and %q, want parts of the list: a copy would cost an allocation", first, last)
	}
}

func TestTheValueOfAHostField(t *testing.T) {
	for host, want := range map[string]bool{
		"app.example":      true,
		"app.example:8080": true,
		"app.example:":     true, // an empty port, as RFC 3986 has it
		"10.0.0.1":         true,
		"[2001:db8::7]":    true,
		"[::1]:443":        true,
		"a%2Db":            true,
		"":                 false,
		":80":              false,
		"a b":              false,
		"a,b":              false,
		"a/b":              false,
		"user@a":           false,
		"a:65536":          false,
		"a:8o":             false,
		"[::1":             false,
		"[]":               false,
		"[1.2.3.4]":        false,
		"[fe80::1%25eth0]": false,
		"[::1]80":          false,
		"a%2":              false,
		"a%zz":             false,
	} {
		if got := http1.ValidHost([]byte(host)); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}
