package peers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// head is a message's head as a peer got it. It is read without mercy: what the front door writes has to be exact.
type head struct {
	raw    []byte
	line   string // the first one
	fields [][2]string
}

func readHead(in *bufio.Reader) (h head, err error) {
	for {
		line, err := in.ReadString('\n')
		h.raw = append(h.raw, line...)
		if err != nil {
			return h, err
		}
		line, ok := strings.CutSuffix(line, "\r\n")
		switch {
		case !ok:
			return h, errors.New("a line that ends without CR")
		case h.line == "":
			h.line = line
		case line == "":
			return h, nil
		default:
			name, value, found := strings.Cut(line, ": ")
			if !found || strings.ContainsAny(name, " \t") || strings.TrimSpace(value) != value {
				return h, fmt.Errorf("field line %q", line)
			}
			h.fields = append(h.fields, [2]string{name, value})
		}
	}
}

func (h *head) values(name string) (list []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f[0], name) {
			list = append(list, f[1])
		}
	}
	return list
}

// readBody takes the body off the stream, by RFC 9112 section 6.3.
func (h *head) readBody(in *bufio.Reader) ([]byte, error) {
	codings, lengths := h.values("Transfer-Encoding"), h.values("Content-Length")
	response := strings.HasPrefix(h.line, "HTTP/")
	switch {
	case len(codings) == 1 && codings[0] == "chunked" && len(lengths) == 0:
		return readChunks(in)
	case len(codings) > 0 || len(lengths) > 1:
		return nil, fmt.Errorf("framing by %q and %q", codings, lengths)
	case len(lengths) == 1:
		return readLength(in, lengths[0])
	case response:
		return io.ReadAll(in)
	}
	return nil, nil
}

func readLength(in *bufio.Reader, length string) ([]byte, error) {
	n, err := strconv.Atoi(length)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	got, err := io.ReadFull(in, b)
	return b[:got], err
}

// readChunks takes chunks as the front door writes them: no extensions, no trailers.
func readChunks(in *bufio.Reader) (body []byte, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return body, unexpected(err)
		}
		size, err := strconv.ParseUint(strings.TrimSuffix(line, "\r\n"), 16, 31)
		if err != nil {
			return body, fmt.Errorf("chunk size: %w", err)
		}
		chunk := make([]byte, size+2)
		n, err := io.ReadFull(in, chunk)
		if err != nil {
			return append(body, chunk[:min(n, int(size))]...), unexpected(err)
		}
		body = append(body, chunk[:size]...)
		if string(chunk[size:]) != "\r\n" {
			return body, fmt.Errorf("chunk of %d bytes ends with %q", size, chunk[size:])
		}
		if size == 0 {
			return body, nil
		}
	}
}

// unexpected makes an error of an end that comes too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
