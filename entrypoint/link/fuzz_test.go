package link

import (
	"bytes"
	"reflect"
	"testing"
)

// FuzzRead reads whatever a front door under a stranger's control may send. What is accepted is a message that can be
// written and read again as the same one.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`{"Version":1,"Report":{"Seq":3,"Drained":[{"Index":1,"Incarnation":2}]}}`, `{}`, `null`,
		`{"Report":{"Drained":null}}`, `[1]`,
		`{"Version":18446744073709551616}`,
	} {
		f.Add(append([]byte{0, 0, 0, byte(len(body))}, body...))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got, again Reported
		if err := Read(bytes.NewReader(raw), &got); err != nil {
			return
		}
		var wire bytes.Buffer
		if err := Write(&wire, got); err != nil {
			t.Fatalf("write %+v again: %v", got, err)
		}
		if err := Read(&wire, &again); err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("read again: got %+v and error %v, want %+v", again, err, got)
		}
	})
}
