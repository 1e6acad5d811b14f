package page

import (
	"bytes"

	"percore/lbproxy/http1"
)

// Accept is what a request accepts: its Accept fields are one list (RFC 9110 section 12.5.1), of which the greatest
// weight wins, then the most specific range, then the first. The zero value is that of a request without any.
type Accept struct {
	offers [formats]offer
	order  int // how many ranges there were
	asked  bool
}

// offer is how well one format is accepted.
type offer struct {
	specificity int // of the range that matched: 0 none, 1 all, 2 a type, 3 a type and its subtype
	weight      int // thousandths
	order       int // of that range among all
}

// Add takes the value of the next field.
func (a *Accept) Add(value []byte) {
	a.asked = true
	for ; len(value) > 0; a.order++ {
		var element []byte
		element, value = http1.CutFirst(value)
		a.weigh(element)
	}
}

// AddHead takes the fields of a head that may be no proper one: line by line, as far as it looks like fields.
func (a *Accept) AddHead(head []byte) {
	head = bytes.TrimLeft(head, "\r\n") // a client's may begin with empty lines
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 { // the head's end; behind it stands a body
			return
		}
		const name = "accept:"
		if len(line) >= len(name) && http1.EqualFold(line[:len(name)], name) {
			a.Add(line[len(name):])
		}
	}
}

// Format is the format that is accepted best: HTML when nothing was said, plain text when nothing of ours would do.
func (a *Accept) Format() Format {
	if !a.asked {
		return HTML
	}
	// The first of these wins a tie: a client that says `*/*` and nothing else is a tool such as curl, and shows what it
	// gets in a terminal; browsers say text/html.
	chosen := Text
	for _, f := range [...]Format{HTML, JSON} {
		if a.offers[f].beats(a.offers[chosen]) {
			chosen = f
		}
	}
	return chosen
}

// Memory is the last Accept that was read, and its format: of most clients, one after another, it is the same. The
// zero value remembers none.
type Memory struct {
	value  []byte
	format Format
}

// valueBytesMax is the longest value that is remembered; those of browsers have 150 bytes at most.
const valueBytesMax = 256

// Format is that of a request with one Accept field of this value.
func (m *Memory) Format(value []byte) Format {
	if len(m.value) > 0 && bytes.Equal(m.value, value) {
		return m.format
	}
	var a Accept
	a.Add(value)
	if len(value) > valueBytesMax {
		return a.Format()
	}
	m.value, m.format = append(m.value[:0], value...), a.Format()
	return m.format
}

func (o offer) beats(other offer) bool {
	if o.weight == 0 || o.weight != other.weight {
		return o.weight > other.weight
	}
	if o.specificity != other.specificity {
		return o.specificity > other.specificity
	}
	return o.order < other.order
}

// weigh holds one media range against the formats. For each the most specific range counts.
func (a *Accept) weigh(element []byte) {
	mediaRange, parameters, _ := bytes.Cut(element, []byte(";"))
	r := meaning(bytes.TrimSpace(mediaRange))
	if r == nil {
		return
	}
	weight := weightOf(parameters)
	for f := range a.offers {
		if r.accepts[f] && r.specificity > a.offers[f].specificity {
			a.offers[f] = offer{r.specificity, weight, a.order}
		}
	}
}

// knownRange is a media range that accepts a format of ours.
type knownRange struct {
	name        string
	specificity int
	accepts     [formats]bool
}

var knownRanges = [...]knownRange{
	{"*/*", 1, [formats]bool{HTML: true, Text: true, JSON: true}},
	{"text/*", 2, [formats]bool{HTML: true, Text: true}},
	{"application/*", 2, [formats]bool{JSON: true}},
	{"text/html", 3, [formats]bool{HTML: true}},
	{"application/xhtml+xml", 3, [formats]bool{HTML: true}},
	{"text/plain", 3, [formats]bool{Text: true}},
	{"application/json", 3, [formats]bool{JSON: true}},
}

// jsonRelative is any type that is JSON and more, by how it ends (RFC 6838 section 4.2.8).
var jsonRelative = knownRange{"+json", 3, [formats]bool{JSON: true}}

// meaning is what a media range accepts, nil when that is nothing of ours.
func meaning(mediaRange []byte) *knownRange {
	for i := range knownRanges {
		if http1.EqualFold(mediaRange, knownRanges[i].name) {
			return &knownRanges[i]
		}
	}
	if n := len(mediaRange) - len(jsonRelative.name); n > 0 && http1.EqualFold(mediaRange[n:], jsonRelative.name) {
		return &jsonRelative
	}
	return nil
}

const weightFull = 1000

// weightOf finds q among a range's parameters, in thousandths; what is malformed counts in full, as if it were not
// there.
func weightOf(parameters []byte) int {
	for len(parameters) > 0 {
		var parameter []byte
		parameter, parameters, _ = bytes.Cut(parameters, []byte(";"))
		if parameter = bytes.TrimSpace(parameter); len(parameter) > 2 && parameter[0]|0x20 == 'q' && parameter[1] == '=' {
			return thousandths(parameter[2:])
		}
	}
	return weightFull
}

func thousandths(q []byte) int {
	if q[0] != '0' {
		return weightFull
	}
	weight, unit := 0, weightFull
	for _, c := range q[min(2, len(q)):] {
		if c-'0' > 9 {
			break
		}
		unit /= 10
		weight += int(c-'0') * unit
	}
	return weight
}
