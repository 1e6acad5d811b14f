package value_test

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// reading is one text and what a type makes of it: its canonical form, or an error that holds a phrase.
type reading struct {
	name string
	text string
	want string
	err  string
}

// readAll runs readings on a type, and reads each canonical form again, which has to give the same value.
func readAll[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, cases []reading) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got, again T
			err := P(&got).UnmarshalText([]byte(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%q: got value %v and error %v, want an error with %q", c.text, got, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: got error %v, want %s", c.text, err, c.want)
			}
			if form := fmt.Sprint(got); form != c.want {
				t.Errorf("%q: got %s, want %s", c.text, form, c.want)
			}
			if err := P(&again).UnmarshalText([]byte(c.want)); err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%q read again from %q: got %v and error %v, want %v", c.text, c.want, again, err, got)
			}
		})
	}
}

// sentences are the whole of what is said of texts that a type does not take, as users read it behind the variable.
func sentences[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, want map[string]string) {
	t.Helper()
	for text, sentence := range want {
		var got T
		before := fmt.Sprint(got)
		err := P(&got).UnmarshalText([]byte(text))
		if err == nil || err.Error() != sentence {
			t.Errorf("%T %q: got %v, want %q", got, text, err, sentence)
		}
		if fmt.Sprint(got) != before {
			t.Errorf("%T %q: got value %v of a text that is refused, want none", got, text, got)
		}
	}
}
