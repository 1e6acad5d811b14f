package page_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"percore/lbproxy/page"
)

// formatOfList is the format for one Accept field.
func formatOfList(list string) page.Format {
	var accept page.Accept
	accept.Add([]byte(list))
	return accept.Format()
}

// TestAWeightIsReadInThousandths compares a weight with one that is just smaller and one that is just greater.
func TestAWeightIsReadInThousandths(t *testing.T) {
	tests := []struct {
		q, below, above string
	}{
		{"0.5", "0.499", "0.501"},
		{"0.25", "0.249", "0.251"},
		{"0.125", "0.124", "0.126"},
		{"0.1239", "0.122", "0.124"}, // a fourth digit does not count
		{"0.3x", "0.299", "0.301"},   // nor does what is no digit
		{"0.", "0", "0.001"},
		{"0", "0", "0.001"},
		{"1.000", "0.999", "1"},
		{"1", "0.999", "1"},
	}
	for _, test := range tests {
		if got := formatOfList("text/html;q=" + test.q + ", application/json;q=" + test.above); test.above != "1" && got != page.JSON {
			t.Errorf("q=%s beside %s: got %s, want the greater one", test.q, test.above, got.ContentType())
		}
		weight := "application/json;q=" + test.below + ", text/html;q=" + test.q
		if got := formatOfList(weight); test.below != "0" && got != page.HTML {
			t.Errorf("q=%s beside %s: got %s, want the greater one", test.q, test.below, got.ContentType())
		}
	}
}

func TestAMalformedWeightCountsInFull(t *testing.T) {
	for _, q := range []string{"", "q", "q=", "q=.5", "q=x", "q=9", "q=-1", "q=1.5", "level=0.1", "qq=0.1", "q =0.1"} {
		if got := formatOfList("application/json;q=0.999, text/html;" + q); got != page.HTML {
			t.Errorf("%q: got %s, want HTML as if the weight were not there", q, got.ContentType())
		}
	}
}

func TestTheFirstOfTheParametersThatIsAWeightCounts(t *testing.T) {
	for list, want := range map[string]page.Format{
		"text/html;q=0.1;q=0.9, application/json;q=0.5":                page.JSON,
		"text/html;level=1;q=0.9;ext=1, application/json;q=0.5":        page.HTML,
		"text/html ; q=0.1 , application/json ; q=0.5":                 page.JSON,
		"text/html\t;\tq=0.9, application/json;q=0.5":                  page.HTML,
		"application/json;charset=utf-8;q=0.2, text/plain;q=0.1":       page.JSON,
		"application/json;charset=utf-8;q=0.1, text/plain;q=0.2":       page.Text,
		"text/html;q=0, application/xhtml+xml;q=0, application/*;q=.1": page.JSON,
	} {
		if got := formatOfList(list); got != want {
			t.Errorf("%q: got %s, want %s", list, got.ContentType(), want.ContentType())
		}
	}
}

// TestARangeIsNoPartOfAnother has names that look nearly like one of a format of ours.
func TestARangeIsNoPartOfAnother(t *testing.T) {
	for _, name := range []string{
		"text", "text/", "text/htm", "text/html5", "xtext/html", "*", "*/", "*/html", "application/jsonp", "application/json-seq",
		"+json", "application/xml", "json", "text /html", "application/*+json/x",
	} {
		if got := formatOfList(name + ", text/plain;q=0.001"); got != page.Text {
			t.Errorf("%q: got %s, want the only one that is ours", name, got.ContentType())
		}
	}
}

func TestAForbiddenFormatIsNeverChosen(t *testing.T) {
	ranges := map[page.Format]string{page.HTML: "text/html", page.Text: "text/plain", page.JSON: "application/json"}
	for forbidden, name := range ranges {
		for _, rest := range []string{"*/*", "*/*;q=0.1", "text/*, application/*"} {
			for _, list := range []string{name + ";q=0, " + rest, rest + ", " + name + ";q=0.000"} {
				if got := formatOfList(list); got == forbidden {
					t.Errorf("%q: got %s, which it forbids", list, got.ContentType())
				}
			}
		}
	}
}

// TestAHeadIsReadAsFarAsItIsOne cuts a head at every byte: only a field that is there to its end, or to the cut,
// counts.
func TestAHeadIsReadAsFarAsItIsOne(t *testing.T) {
	const head = "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\nAccept: text/plain\r\n"
	value := strings.Index(head, "application")
	for n := range len(head) {
		want := page.JSON
		switch {
		case n < value-len(" "): // the name is not whole
			want = page.HTML
		case n < value+len("application/json"): // a part of a range is nothing of ours
			want = page.Text
		}
		if n == value-len(" ") || n == value {
			want = formatOf(head[:n]) // an empty list, which may count either way
		}
		if got := formatOf(head[:n]); got != want {
			t.Errorf("%q: got %s, want %s", head[:n], got.ContentType(), want.ContentType())
		}
	}
}

func TestAHeadMayBeNoProperOne(t *testing.T) {
	for head, want := range map[string]page.Format{
		"GET / HTTP/1.1\nAccept: application/json\n\n":             page.JSON, // line feeds alone
		"GET / HTTP/1.1\r\nAccept:application/json\r\n\r\n":        page.JSON, // no space
		"GET / HTTP/1.1\r\nAccept: \t application/json \r\n\r\n":   page.JSON,
		"GET / HTTP/1.1\r\nAccept : application/json\r\n\r\n":      page.HTML, // a space before the colon: no such field
		"GET / HTTP/1.1\r\n Accept: application/json\r\n\r\n":      page.HTML, // a folded line
		"GET / HTTP/1.1\r\nX-Accept: application/json\r\n\r\n":     page.HTML,
		"Accept: application/json":                                 page.JSON, // no request line
		"GET / HTTP/1.1\r\n\nAccept: application/json\r\n\r\n":     page.HTML, // the head ends at an empty line
		"\x16\x03\x01\x02\x00\x01\x00\x01":                         page.HTML,
		"":                                                         page.HTML,
		"\r\n\n\r":                                                 page.HTML,
		"GET / HTTP/1.1\r\nAccept: text/plain\r\naccept: */*;q=0.": page.Text,
	} {
		if got := formatOf(head); got != want {
			t.Errorf("%q: got %s, want %s", head, got.ContentType(), want.ContentType())
		}
	}
}

// TestAPageOfHTMLIsWellFormed parses every one, and finds status and reason in it.
func TestAPageOfHTMLIsWellFormed(t *testing.T) {
	for _, status := range []int{400, 405, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505} {
		const reason = "no worker was ready in time"
		body := string(page.Append(nil, page.HTML, status, reason))
		d := xml.NewDecoder(strings.NewReader(body))
		d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%d: %v in %q", status, err, body)
			}
		}
		if strings.Count(body, page.Reason(status)) != 2 || strings.Count(body, reason) != 2 {
			t.Errorf("%d: got %q, want phrase and reason in its title and in its text", status, body)
		}
	}
}

// TestAPageNeedsNoMemory words pages into a buffer of the size that callers have on their stack.
func TestAPageNeedsNoMemory(t *testing.T) {
	var room [page.BodyBytesMax]byte
	for _, f := range []page.Format{page.HTML, page.Text, page.JSON} {
		if n := testing.AllocsPerRun(10, func() { page.Append(room[:0], f, 503, strings.Repeat("x", 120)[:100]) }); n > 1 {
			t.Errorf("%s: got %v allocations, want none but the reason's", f.ContentType(), n)
		}
		if n := len(page.Append(nil, f, 431, strings.Repeat("x", 100))); n > page.BodyBytesMax {
			t.Errorf("%s: got %d bytes, want %d at most", f.ContentType(), n, page.BodyBytesMax)
		}
	}
}

// FuzzAccept holds that fields are one list, however it is cut into fields, and that bytes of a client choose a format
// and no more.
func FuzzAccept(f *testing.F) {
	f.Add("text/html;q=0.5", "application/json")
	f.Add("*/*", ";;;q=,/")
	f.Fuzz(func(t *testing.T, first, second string) {
		if strings.ContainsAny(first+second, "\"\\") { // a comma in a quoted string is none
			return
		}
		var fields page.Accept
		fields.Add([]byte(first))
		fields.Add([]byte(second))
		got := fields.Format()
		if got != page.HTML && got != page.Text && got != page.JSON {
			t.Fatalf("%q, %q: got format %d", first, second, got)
		}
		if first == "" {
			first = " "
		}
		if want := formatOfList(first + "," + second); got != want {
			t.Errorf("%q, %q: got %s, as one list %s", first, second, got.ContentType(), want.ContentType())
		}
	})
}
