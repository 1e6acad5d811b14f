package peers

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Parse reads the cases of a file. Its error is an *[Error].
func Parse(text string) ([]*Case, error) {
	var p parser
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := p.statement(line); err != nil {
			return nil, &Error{Line: p.line, Err: err}
		}
	}
	if err := p.endCase(); err != nil {
		return nil, &Error{Line: p.line, Err: err}
	}
	return p.cases, nil
}

// parser is how far a file has been read.
type parser struct {
	line  int
	cases []*Case
	peer  *peer
}

func (p *parser) statement(line string) error {
	if line[0] == '|' {
		return p.continueBytes(strings.TrimPrefix(line[1:], " "))
	}
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if word == "case" {
		return p.startCase(rest)
	}
	if len(p.cases) == 0 {
		return fmt.Errorf("%q before the first case", word)
	}
	c := p.cases[len(p.cases)-1]
	switch word {
	case "proxy":
		return c.setOptions(rest)
	case "log":
		c.Log = strings.Fields(rest)
	case "whole":
		c.Whole = true
	case "client", "worker":
		p.peer = c.addPeer(word, rest)
	default:
		return p.addStep(line)
	}
	return nil
}

func (p *parser) startCase(name string) error {
	if err := p.endCase(); err != nil {
		return err
	}
	p.cases = append(p.cases, &Case{Name: name, Line: p.line, Options: map[string]string{}})
	p.peer = nil
	return nil
}

// endCase numbers the bytes that the case sends, now that all of them are known.
func (p *parser) endCase() error {
	if len(p.cases) == 0 {
		return nil
	}
	c := p.cases[len(p.cases)-1]
	if len(c.peers) == 0 {
		return fmt.Errorf("case %q has no peer", c.Name)
	}
	for _, peer := range c.peers {
		for i := range peer.steps {
			if s := &peer.steps[i]; s.verb == verbSend && s.offset >= 0 {
				s.offset = c.Bytes
				c.Bytes += len(s.bytes)
			}
		}
	}
	return nil
}

func (c *Case) setOptions(list string) error {
	for _, option := range strings.Fields(list) {
		name, value, found := strings.Cut(option, "=")
		if !found {
			return fmt.Errorf("option %q has no value", option)
		}
		c.Options[name] = value
	}
	return nil
}

func (c *Case) addPeer(role, name string) *peer {
	p := &peer{name: strings.TrimSpace(role + " " + name), worker: role == "worker"}
	c.peers = append(c.peers, p)
	return p
}

// addStep reads one statement of a peer.
func (p *parser) addStep(line string) error {
	v, rest := lookupVerb(line)
	switch {
	case v == verbNone:
		return fmt.Errorf("unknown statement %q", line)
	case p.peer == nil:
		return fmt.Errorf("%q before the first client or worker", line)
	case verbs[v].only != "" && verbs[v].only != role(p.peer.worker):
		return fmt.Errorf("%q is for a %s", line, verbs[v].only)
	}
	if v == verbBuffers {
		n, err := strconv.Atoi(rest)
		p.peer.buffers = n
		return err
	}
	if v == verbDown {
		p.peer.down = true
		return nil
	}
	s := step{line: p.line, verb: v}
	if err := s.read(rest); err != nil {
		return err
	}
	p.peer.steps = append(p.peer.steps, s)
	return nil
}

func role(worker bool) string {
	if worker {
		return "worker"
	}
	return "client"
}

// read takes what stands behind the verb.
func (s *step) read(rest string) (err error) {
	switch verbs[s.verb].takes {
	case takesNothing:
		if rest != "" {
			err = fmt.Errorf("%q has nothing to do here", rest)
		}
	case takesWord:
		if s.word = rest; rest == "" {
			err = errors.New("something is missing behind it")
		}
	case takesBytes:
		s.bytes, s.offset, err = readBytes(rest)
	}
	return err
}

// readBytes takes Go strings, one behind the other, or a fill.
func readBytes(text string) (b []byte, offset int, err error) {
	if size, ok := strings.CutPrefix(text, "fill "); ok {
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, 0, fmt.Errorf("read the size of a fill: %w", err)
		}
		return Fill(n), -1, nil
	}
	for text != "" {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, 0, fmt.Errorf("%s is neither a Go string nor a fill", text)
		}
		part, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", quoted, err)
		}
		b = append(b, part...)
		text = strings.TrimSpace(text[len(quoted):])
	}
	return b, 0, nil
}

// continueBytes adds a line to the bytes of the statement before.
func (p *parser) continueBytes(line string) error {
	if p.peer == nil || len(p.peer.steps) == 0 {
		return errors.New("a line of bytes without a statement before it")
	}
	s := &p.peer.steps[len(p.peer.steps)-1]
	if verbs[s.verb].takes != takesBytes || s.offset < 0 {
		return errors.New("the statement before takes no lines of bytes")
	}
	s.bytes = append(s.bytes, line+"\r\n"...)
	return nil
}

// Fill makes n bytes in which each place can be told from its neighbours.
func Fill(n int) []byte {
	const pattern = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\n"
	return slices.Repeat([]byte(pattern), n/len(pattern)+1)[:n]
}
