package http1

import "bytes"

// FieldsMax bounds Limits.Fields. Every counter of fields takes it, which a byte does not: a counter that began anew
// would make one Content-Length of 257.
const FieldsMax = 1000

// fieldsUsual is for how many fields there is room at first. Browsers send twenty.
const fieldsUsual = 64

// fieldSet holds the fields of one head, and which of the deciding ones it saw. Its store grows with the heads that it
// has seen, and is used again for the next.
type fieldSet struct {
	store []Field
	n     int
	first [FieldExpect + 1]uint16 // index of the first one
	count [FieldExpect + 1]uint16
}

func (s *fieldSet) fields() []Field { return s.store[:s.n:s.n] }

// value returns the value of the first field id, which must have been counted.
func (s *fieldSet) value(id FieldID) []byte { return s.store[s.first[id]].Value }

// parse reads field lines from b[i:] up to and including the empty line and returns its end; 0 without a refusal
// when b ends before that.
func (s *fieldSet) parse(b []byte, i int, lim Limits) (end int, refusal *Error) {
	s.n = 0
	s.count = [FieldExpect + 1]uint16{}
	limit := min(lim.Fields, FieldsMax)
	for i < len(b) && b[i] != '\r' && (b[i] != '\n' || !lim.BareLF) {
		if s.n == limit {
			return 0, errTooManyFields
		}
		if i, refusal = s.parseLine(b, i, lim.BareLF); i == 0 {
			return 0, refusal
		}
	}
	if i < len(b) && b[i] == '\n' {
		return i + 1, nil
	}
	if i+1 >= len(b) {
		return 0, nil
	}
	if b[i+1] != '\n' {
		return 0, errBareCR
	}
	return i + 2, nil
}

// parseLine reads the field line at b[i:] and returns where the next one starts; 0 without a refusal when b ends
// before that. RFC 9112 section 5: no space before the colon, no folding.
func (s *fieldSet) parseLine(b []byte, i int, bareLF bool) (next int, refusal *Error) {
	start, kinds := i, uint8(0)
	for i < len(b) && class[b[i]]&classToken != 0 {
		kinds |= class[b[i]]
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if b[i] != ':' || i == start {
		return 0, nameRefusal(b[i], i == start)
	}
	name := b[start:i:i]
	for i++; i < len(b) && isBlank(b[i]); i++ {
	}
	start = i
	if i = valueEnd(b, i); i+1 >= len(b) {
		return 0, nil
	}
	switch {
	case b[i] == '\r' && b[i+1] == '\n':
		next = i + 2
	case b[i] == '\n' && bareLF:
		next = i + 1
	default:
		return 0, valueRefusal(b[i])
	}
	for i > start && isBlank(b[i-1]) {
		i--
	}
	s.add(name, b[start:i:i], kinds)
	return next, nil
}

// valueEnd returns the index of the first byte at or after b[i] that no value has, or len(b).
func valueEnd(b []byte, i int) int {
	for i = controlAt(b, i); i < len(b) && b[i] == '\t'; {
		i = controlAt(b, i+1)
	}
	return i
}

func (s *fieldSet) add(name, value []byte, kinds uint8) {
	if s.n == len(s.store) {
		s.grow()
	}
	id := LookupField(name)
	f := &s.store[s.n]
	f.Name, f.Value, f.ID = name, value, id
	f.Hop, f.Underscore = fieldHops[id], kinds&classUnderscore != 0
	if int(id) < len(s.count) && id != FieldOther {
		if s.count[id] == 0 {
			s.first[id] = uint16(s.n)
		}
		s.count[id]++
	}
	s.n++
}

// grow makes room for twice as many fields.
func (s *fieldSet) grow() {
	store := make([]Field, min(max(fieldsUsual, 2*len(s.store)), FieldsMax))
	copy(store, s.store)
	s.store = store
}

// nameRefusal says what is wrong with a line whose name ends at c.
func nameRefusal(c byte, empty bool) *Error {
	switch {
	case empty && isBlank(c):
		return errFieldFolded
	case empty && c == '\n':
		return errBareLF
	case isBlank(c):
		return errFieldSpace
	case !empty && (c == '\r' || c == '\n'):
		return errFieldNoColon
	}
	return errFieldName
}

// valueRefusal says what is wrong with a value that is stopped by c.
func valueRefusal(c byte) *Error {
	switch c {
	case '\r':
		return errBareCR
	case '\n':
		return errBareLF
	}
	return errFieldValue
}

// headEnds reports whether an empty line, with CR or without, follows an LF at or after from. Heads that end in bare
// LFs are complete too, so that they are refused and not waited for.
func headEnds(b []byte, from int) bool {
	for {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return false
		}
		from += i + 1
		rest := b[from:]
		if len(rest) > 0 && rest[0] == '\n' || len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return true
		}
	}
}
