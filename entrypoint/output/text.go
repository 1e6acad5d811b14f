package output

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Text is a slog.Handler for people who read along: one line a message, the time first, then level, message and what
// belongs to it, in columns. A value of several lines stands below its line, indented. Each message is one write.
type Text struct {
	w       io.Writer
	level   slog.Level
	options TextOptions
	attrs   string // what WithAttrs has added, as it is printed
	block   string // of these, the values of several lines
	prefix  string // of the names that follow, from WithGroup
}

// TextOptions are what a terminal can do that a file cannot.
type TextOptions struct {
	Short  bool // times without a date: a person at a terminal knows the day
	Colour bool // levels and names in colour (ECMA-48)
}

// NewText makes a handler that writes messages of at least level to w.
func NewText(w io.Writer, level slog.Level, options TextOptions) *Text {
	return &Text{w: w, level: level, options: options}
}

// Enabled reports whether messages of this level are written.
func (t *Text) Enabled(_ context.Context, level slog.Level) bool { return level >= t.level }

// WithAttrs makes a handler whose messages all have attrs.
func (t *Text) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *t
	for _, a := range attrs {
		with.attrs, with.block = t.append(with.attrs, with.block, t.prefix, a)
	}
	return &with
}

// WithGroup makes a handler that puts name and a dot before the names of what is added later.
func (t *Text) WithGroup(name string) slog.Handler {
	with := *t
	if name != "" {
		with.prefix += name + "."
	}
	return &with
}

// The columns, wide enough for most messages; what is longer pushes the rest to the right.
const (
	textLevelColumns   = 5
	textMessageColumns = 28
)

// Handle writes one message. The error is that of the write.
func (t *Text) Handle(_ context.Context, r slog.Record) error {
	attrs, block := t.attrs, t.block
	r.Attrs(func(a slog.Attr) bool {
		attrs, block = t.append(attrs, block, t.prefix, a)
		return true
	})
	var line strings.Builder
	line.WriteString(t.paint(dim, r.Time.Format(t.layout())))
	line.WriteByte(' ')
	line.WriteString(t.paint(levelColour(r.Level), pad(r.Level.String(), textLevelColumns)))
	line.WriteByte(' ')
	if attrs == "" {
		line.WriteString(clean(r.Message))
	} else {
		line.WriteString(pad(clean(r.Message), textMessageColumns))
	}
	line.WriteString(attrs)
	line.WriteByte('\n')
	line.WriteString(block)
	_, err := io.WriteString(t.w, line.String())
	return err
}

func (t *Text) layout() string {
	if t.options.Short {
		return "15:04:05.000"
	}
	return "2006-01-02T15:04:05.000Z07:00"
}

// append adds one attribute to those in line, or to the block below it.
func (t *Text) append(line, block, prefix string, a slog.Attr) (string, string) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range value.Group() {
			line, block = t.append(line, block, prefix, inner)
		}
		return line, block
	}
	if a.Key == "" {
		return line, block
	}
	text := textOf(value)
	if rest := strings.TrimRight(text, "\n"); strings.Contains(rest, "\n") {
		block += "    " + t.paint(dim, prefix+a.Key+":") + "\n"
		for part := range strings.SplitSeq(rest, "\n") {
			block += "    | " + clean(strings.TrimSuffix(part, "\r")) + "\n"
		}
		return line, block
	}
	return line + " " + t.paint(dim, prefix+a.Key+"=") + quote(text), block
}

// textOf spells durations as 9s and times to the second.
func textOf(v slog.Value) string {
	if v.Kind() == slog.KindTime {
		return v.Time().Format(time.RFC3339)
	}
	return v.String()
}

// quote makes clear where a value ends.
func quote(s string) string {
	unclear := func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }
	if s == "" || strings.ContainsFunc(s, unclear) || !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	return s
}

// clean keeps what a terminal would obey out of what it is only to show.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(s)))
}

// The colours, as parameters of SGR (ECMA-48 section 8.3.117).
const (
	dim    = "2"
	green  = "32"
	yellow = "33"
	red    = "31"
)

func levelColour(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return red
	case l >= slog.LevelWarn:
		return yellow
	case l >= slog.LevelInfo:
		return green
	default:
		return dim
	}
}

func (t *Text) paint(colour, s string) string {
	if !t.options.Colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}
