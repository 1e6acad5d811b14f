package lbproxy

import (
	"bytes"

	"percore/lbproxy/http1"
)

// bodyFormat is how the front door words its own answers.
type bodyFormat uint8

// The formats, the one that wins a tie first: who says `*/*` and nothing else is a tool such as curl, and shows what
// it gets in a terminal; browsers say text/html.
const (
	formatText bodyFormat = iota
	formatHTML
	formatJSON
	bodyFormats
)

var contentTypes = [bodyFormats]string{"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"}

// formatFor chooses by the Accept fields of a request head (RFC 9110 section 12.5.1): the greatest weight, then the most
// specific range, then the first. Without any it is HTML, and plain text when nothing of ours would do.
func formatFor(head []byte) bodyFormat {
	var offers [bodyFormats]offer
	asked, order := false, 0
	head = bytes.TrimLeft(head, "\r\n") // a client's own may begin with empty lines
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 { // the head's end; behind it stands a body
			break
		}
		const name = "accept:"
		if len(line) < len(name) || !http1.EqualFold(line[:len(name)], name) {
			continue
		}
		asked = true
		for list := line[len(name):]; len(list) > 0; order++ {
			var element []byte
			element, list = http1.CutFirst(list)
			weigh(&offers, element, order)
		}
	}
	if !asked {
		return formatHTML
	}
	return best(&offers)
}

// offer is how well one format is accepted.
type offer struct {
	specificity int // of the range that matched: 0 none, 1 all, 2 a type, 3 a type and its subtype
	weight      int // thousandths
	order       int // of that range among all
}

// weigh holds one media range against the formats. For each the most specific range counts.
func weigh(offers *[bodyFormats]offer, element []byte, order int) {
	mediaRange, parameters, _ := bytes.Cut(element, []byte(";"))
	mediaRange = bytes.TrimSpace(mediaRange)
	weight := weightOf(parameters)
	for f := range offers {
		if s := specificity(mediaRange, bodyFormat(f)); s > offers[f].specificity {
			offers[f] = offer{s, weight, order}
		}
	}
}

// mediaTypes are the ranges that match a format: the type, the exact one, and how another one ends that is as good.
var mediaTypes = [bodyFormats]struct{ kind, exact, ending string }{
	formatText: {"text/*", "text/plain", "text/plain"},
	formatHTML: {"text/*", "text/html", "application/xhtml+xml"},
	formatJSON: {"application/*", "application/json", "+json"},
}

func specificity(mediaRange []byte, f bodyFormat) int {
	m := &mediaTypes[f]
	ending := mediaRange[max(0, len(mediaRange)-len(m.ending)):]
	switch {
	case http1.EqualFold(mediaRange, "*/*"):
		return 1
	case http1.EqualFold(mediaRange, m.kind):
		return 2
	case http1.EqualFold(mediaRange, m.exact), http1.EqualFold(ending, m.ending):
		return 3
	default:
		return 0
	}
}

const weightFull = 1000

// weightOf finds q among a range's parameters, in thousandths; what is malformed counts in full, as if it were not there.
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

func best(offers *[bodyFormats]offer) bodyFormat {
	chosen := formatText
	for f := range bodyFormats {
		a, b := offers[f], offers[chosen]
		if a.weight > b.weight || a.weight == b.weight && a.weight > 0 && (a.specificity > b.specificity || a.specificity == b.specificity && a.order < b.order) {
			chosen = f
		}
	}
	return chosen
}
