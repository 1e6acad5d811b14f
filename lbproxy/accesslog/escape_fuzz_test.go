package accesslog

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzEscape writes anything that a client may have said into a line of the access log: it stays one line of
// printable ASCII, its quotes stay closed, JSON reads it, and the bytes can be had back.
func FuzzEscape(f *testing.F) {
	f.Add([]byte(`"\` + "\x00\n\r\x1b[31m\x7f\xff\u2028é"))
	f.Add([]byte(`","status":200,"x":"`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		line := append(appendEscaped([]byte{'"'}, raw), '"')
		for _, c := range line {
			if c < ' ' || c >= 0x7f {
				t.Fatalf("%q: got byte %#x in %q, want printable ASCII", raw, c, line)
			}
		}
		var back string
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%q: got %s, which is no JSON string: %v", raw, line, err)
		}
		if latin1 := []rune(back); len(latin1) != len(raw) {
			t.Errorf("%q: got %d characters back, want one for each byte", raw, len(latin1))
		}
		if utf8.Valid(raw) && !bytes.ContainsFunc(raw, func(r rune) bool { return r >= 0x80 }) && back != string(raw) {
			t.Errorf("got %q back, want %q", back, raw)
		}
	})
}
