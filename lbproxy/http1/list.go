package http1

import "bytes"

// HasToken reports whether the comma-separated list value has the element lowerToken, which is in lower case;
// the list may be in any (RFC 9110 section 5.6.1).
func HasToken(value []byte, lowerToken string) bool {
	for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
		if EqualFold(token, lowerToken) {
			return true
		}
	}
	return false
}

// WebSocketOffer returns the element of an Upgrade field's value that offers WebSocket (RFC 6455 section 4.1), as
// it is spelt, or nil. Nothing else is tunnelled: a client that reaches a worker's HTTP/2 through us would be past
// every check, and TLS would be the worker's, not ours. RFC 9110 section 7.8 lets a recipient ignore an offer.
func WebSocketOffer(value []byte) []byte {
	for token, rest := nextToken(value); token != nil; token, rest = nextToken(rest) {
		if EqualFold(token, "websocket") {
			return token
		}
	}
	return nil
}

// nextToken returns the first element of a list that is not empty, and what follows it; nil at the end.
func nextToken(list []byte) (token, rest []byte) {
	for len(list) > 0 {
		if token, list = cutElement(list); len(token) > 0 {
			return token, list
		}
	}
	return nil, nil
}

// cutElement returns the list's first element without the whitespace around it, perhaps empty, and the rest.
func cutElement(list []byte) (element, rest []byte) {
	element = list
	if comma := bytes.IndexByte(list, ','); comma >= 0 {
		element, rest = list[:comma], list[comma+1:]
	}
	for len(element) > 0 && isBlank(element[0]) {
		element = element[1:]
	}
	for n := len(element); n > 0 && isBlank(element[n-1]); n-- {
		element = element[:n-1]
	}
	return element, rest
}

// CutLast returns the list's last element without the whitespace around it, perhaps empty, and what stands before it;
// both are empty at the end. Proxies append, so a list of theirs is read from the right.
func CutLast(list []byte) (element, rest []byte) {
	comma := bytes.LastIndexByte(list, ',')
	element, _ = cutElement(list[comma+1:])
	return element, list[:max(0, comma)]
}

// CutFirst returns the list's first element without the whitespace around it, perhaps empty, and what stands behind
// it.
func CutFirst(list []byte) (element, rest []byte) { return cutElement(list) }
