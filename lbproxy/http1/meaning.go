package http1

// connectionNamesMax bounds what one head's Connection fields list; each name costs a walk over the fields.
const connectionNamesMax = 32

// lengthDigitsMax keeps Content-Length inside an int64.
const lengthDigitsMax = 18

// connectionOptions are the Connection options with a meaning of their own.
type connectionOptions struct{ close, keepAlive, upgrade bool }

// connection reads the Connection fields and marks the fields they name as hop-by-hop (RFC 9110 section 7.6.1).
func (s *fieldSet) connection() (options connectionOptions, refusal *Error) {
	if s.count[FieldConnection] == 0 {
		return options, nil
	}
	names := 0
	for i := int(s.first[FieldConnection]); i < s.n; i++ {
		if s.store[i].ID != FieldConnection {
			continue
		}
		for token, rest := nextToken(s.store[i].Value); token != nil; token, rest = nextToken(rest) {
			if names++; names > connectionNamesMax {
				return options, errConnectionLong
			}
			if refusal := s.connectionOption(token, &options); refusal != nil {
				return options, refusal
			}
		}
	}
	return options, nil
}

// connectionOption applies one option. To strip what frames, routes or authorises the message would
// let a client change its meaning between here and the worker.
func (s *fieldSet) connectionOption(token []byte, options *connectionOptions) *Error {
	switch {
	case EqualFold(token, "keep-alive"):
		options.keepAlive = true
		return nil
	case EqualFold(token, "close"):
		options.close = true
		return nil
	case EqualFold(token, "upgrade"):
		options.upgrade = true
		return nil
	}
	switch LookupField(token) {
	case FieldHost, FieldContentLength, FieldTransferEncoding, FieldAuthorization:
		return errConnection
	}
	for i := range s.fields() {
		if equalFoldBytes(s.store[i].Name, token) {
			s.store[i].Hop = true
		}
	}
	return nil
}

// keepAlive applies RFC 9112 section 9.3.
func keepAlive(minor uint8, options connectionOptions) bool {
	return !options.close && (minor > 0 || options.keepAlive)
}

// upgrades reports whether an Upgrade field names WebSocket.
func (s *fieldSet) upgrades() bool {
	if s.count[FieldUpgrade] == 0 {
		return false
	}
	for i := int(s.first[FieldUpgrade]); i < s.n; i++ {
		if s.store[i].ID == FieldUpgrade && WebSocketOffer(s.store[i].Value) != nil {
			return true
		}
	}
	return false
}

// contentLength returns the only Content-Length, bytes. Repetitions are refused even when they agree, and so are
// lists, which a recipient of joined fields might produce (RFC 9112 section 6.3 allows to).
func (s *fieldSet) contentLength() (int64, *Error) {
	if s.count[FieldContentLength] > 1 {
		return 0, errLengthRepeated
	}
	value := s.value(FieldContentLength)
	if len(value) == 0 || len(value) > lengthDigitsMax {
		return 0, errLength
	}
	length := int64(0)
	for _, c := range value {
		if !isDigit(c) {
			return 0, errLength
		}
		length = length*10 + int64(c-'0')
	}
	return length, nil
}

// transferCoding accepts exactly one Transfer-Encoding field that says exactly chunked, in HTTP/1.1, with no
// Content-Length beside it (RFC 9112 sections 6.1 and 6.3).
func (s *fieldSet) transferCoding(minor uint8) *Error {
	value := s.value(FieldTransferEncoding)
	switch {
	case minor == 0:
		return errCodingHTTP10
	case s.count[FieldContentLength] > 0:
		return errLengthCoding
	case s.count[FieldTransferEncoding] > 1:
		return errCoding
	case EqualFold(value, "chunked"):
		return nil
	case otherCodings(value):
		return errCodingUnknown
	}
	return errCoding
}

// otherCodings reports whether value is a list of registered transfer codings (RFC 9112 section 7) with more in it
// than chunked: something understood, but not implemented.
func otherCodings(value []byte) bool {
	other := false
	for len(value) > 0 {
		var coding []byte
		coding, value = cutElement(value)
		switch {
		case EqualFold(coding, "chunked"):
		case EqualFold(coding, "gzip"), EqualFold(coding, "x-gzip"), EqualFold(coding, "deflate"),
			EqualFold(coding, "compress"), EqualFold(coding, "x-compress"):
			other = true
		default:
			return false
		}
	}
	return other
}
