package http1

// Bounds of chunked framing. What they allow is discarded, so they bound work, not memory.
const (
	chunkDigitsMax     = 15      // hex digits: any such size fits an int64
	chunkExtBytesMax   = 256     // one chunk's extensions, bytes
	trailerBytesMax    = 8 << 10 // the trailer section, bytes
	trailerFieldsCount = 100     // fields in it
)

// ChunkEnd follows the data of every chunk.
const ChunkEnd = "\r\n"

// LastChunk ends a chunked body without trailers.
const LastChunk = "0\r\n\r\n"

// AppendChunkHead appends the line before a chunk of size bytes. size must be positive: 0 ends the body.
func AppendChunkHead(dst []byte, size int) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for size>>shift > 0xf {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[size>>shift&0xf])
	}
	return append(dst, ChunkEnd...)
}

// ChunkDecoder takes the framing off a chunked body (RFC 9112 section 7.1). Extensions and trailers are checked,
// bounded and left to the caller, which can tell by InTrailers where they are. The zero value is ready; it holds no
// pointer and can be copied.
type ChunkDecoder struct {
	left   int64 // bytes of the current chunk not seen yet; its size while that is being read
	count  uint16
	fields uint8
	state  chunkState
}

// chunkState names what the next byte belongs to.
type chunkState uint8

const (
	chunkSizeStart   chunkState = iota // first digit of a size
	chunkSize                          // further digits, or what may follow a size
	chunkExtSpace                      // whitespace between a size and ';' (BWS)
	chunkExt                           // an extension
	chunkExtQuoted                     // a quoted string in it
	chunkExtEscaped                    // the byte after a backslash in that
	chunkSizeLF                        // LF of the size line
	chunkData                          // data
	chunkDataCR                        // CR after it
	chunkDataLF                        // LF after it
	chunkLineStart                     // first byte of a trailer line, or of the final empty one
	chunkTrailerName                   // further bytes of a trailer's name
	chunkTrailer                       // its value
	chunkTrailerLF                     // LF of a trailer line
	chunkFinalLF                       // LF of the final empty line
	chunkDone                          // nothing more belongs to the body
)

// Done reports whether the body is complete.
func (d *ChunkDecoder) Done() bool { return d.state == chunkDone }

// InTrailers reports whether the next byte belongs to the trailer section, the empty line at its end included.
func (d *ChunkDecoder) InTrailers() bool { return d.state >= chunkLineStart && d.state != chunkDone }

// Next consumes n bytes of b: framing, and at most one run of data, which is a sub-slice of b at the end of these n
// bytes. data may be empty while n > 0. n is 0 without an error only when b is empty or the body is done; bytes after
// the body are never touched. err is an *[Error]; after one the decoder must not be used again.
func (d *ChunkDecoder) Next(b []byte) (data []byte, n int, err error) {
	for n < len(b) && d.state != chunkDone {
		if d.state == chunkData {
			size := int(min(d.left, int64(len(b)-n)))
			if d.left -= int64(size); d.left == 0 {
				d.state = chunkDataCR
			}
			return b[n : n+size : n+size], n + size, nil
		}
		sizeLine := d.state == chunkSizeLF
		if refusal := d.step(b[n]); refusal != nil {
			return nil, n, refusal
		}
		n++
		if sizeLine && d.state == chunkLineStart {
			break // so that the caller can tell the trailer section from what was before it
		}
	}
	return nil, n, nil
}

// step consumes one byte of framing.
func (d *ChunkDecoder) step(c byte) *Error {
	switch d.state {
	case chunkSizeStart, chunkSize:
		return d.stepSize(c)
	case chunkExtSpace, chunkExt, chunkExtQuoted, chunkExtEscaped:
		return d.stepExt(c)
	case chunkSizeLF:
		if d.count = 0; d.left == 0 {
			return d.expect(c, '\n', chunkLineStart)
		}
		return d.expect(c, '\n', chunkData)
	case chunkDataCR:
		return d.expect(c, '\r', chunkDataLF)
	case chunkDataLF:
		return d.expect(c, '\n', chunkSizeStart)
	case chunkLineStart, chunkTrailerName, chunkTrailer:
		return d.stepTrailer(c)
	case chunkTrailerLF:
		return d.expect(c, '\n', chunkLineStart)
	case chunkFinalLF:
		return d.expect(c, '\n', chunkDone)
	case chunkData, chunkDone: // Next handles them
	}
	return nil
}

func (d *ChunkDecoder) expect(c, want byte, next chunkState) *Error {
	if c != want {
		return errChunkLine
	}
	d.state = next
	return nil
}

// stepSize reads 1*HEXDIG. Whitespace is allowed only before a ';' (erratum 4667 of RFC 7230, now in RFC 9112).
func (d *ChunkDecoder) stepSize(c byte) *Error {
	if isHex(c) {
		if d.count++; d.count > chunkDigitsMax {
			return errChunkTooLarge
		}
		d.left, d.state = d.left<<4|int64(hexValue(c)), chunkSize
		return nil
	}
	if d.state == chunkSizeStart {
		return errChunkSize
	}
	d.count = 0
	switch c {
	case '\r':
		d.state = chunkSizeLF
	case ';':
		d.state = chunkExt
	case ' ', '\t':
		d.state = chunkExtSpace
	case '\n':
		return errChunkLine
	default:
		return errChunkSize
	}
	return nil
}

// stepExt skips extensions. Their inner grammar is left alone but for what decides where the line ends: quotes are
// balanced and no control character, in particular no bare CR or LF, is inside (erratum 7633 of RFC 9112).
func (d *ChunkDecoder) stepExt(c byte) *Error {
	if d.count++; d.count > chunkExtBytesMax {
		return errChunkExtLong
	}
	if d.state == chunkExt && c == '\r' {
		d.state = chunkSizeLF
		return nil
	}
	if isControl(c) {
		return errChunkExt
	}
	switch d.state {
	case chunkExtSpace:
		if c == ';' {
			d.state = chunkExt
		} else if !isBlank(c) {
			return errChunkExt
		}
	case chunkExt:
		if c == '"' {
			d.state = chunkExtQuoted
		} else if c >= 0x80 {
			return errChunkExt
		}
	case chunkExtQuoted:
		if c == '"' {
			d.state = chunkExt
		} else if c == '\\' {
			d.state = chunkExtEscaped
		}
	default:
		d.state = chunkExtQuoted
	}
	return nil
}

// stepTrailer checks trailer lines by the rules for fields and drops them (RFC 9112 section 7.1.2 allows to).
func (d *ChunkDecoder) stepTrailer(c byte) *Error {
	if d.state == chunkLineStart && c == '\r' {
		d.state = chunkFinalLF
		return nil
	}
	if d.count++; d.count > trailerBytesMax {
		return errTrailerLong
	}
	token := class[c]&classToken != 0
	switch {
	case d.state == chunkLineStart:
		if d.fields++; d.fields > trailerFieldsCount {
			return errTrailerLong
		}
		d.state = chunkTrailerName
		if !token {
			return errTrailer
		}
	case d.state == chunkTrailerName && c == ':':
		d.state = chunkTrailer
	case d.state == chunkTrailerName && !token:
		return errTrailer
	case d.state == chunkTrailer && c == '\r':
		d.state = chunkTrailerLF
	case isControl(c):
		return errTrailer
	}
	return nil
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
