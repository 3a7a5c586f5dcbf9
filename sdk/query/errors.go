package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says what is wrong with a query, where, and what would be right. Its texts are for the person
// who wrote the query.
type Error struct {
	Pos  Pos    // the place in the query text; the zero Pos if the node was not parsed
	Msg  string // what is wrong, without a final period
	Hint string // what would be right; may be empty

	column int // characters before Pos.Start plus one; 0 if the text is not known
}

// Error is one line: the column in characters from 1, the message and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	if e.column > 0 {
		fmt.Fprintf(&b, "column %d: ", e.column)
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Column is the place in text in characters from 1.
func (e *Error) Column(text string) int {
	return utf8.RuneCountInString(text[:min(max(e.Pos.Start, 0), len(text))]) + 1
}

// renderWidth is how many columns of the query [Error.Render] shows on either side of the place.
const renderWidth = 60

// Render shows the place in text, the text that was parsed, for a monospaced font in which East Asian
// wide characters take two columns:
//
//	unclosed quote
//	  用户 "张三
//	       ^^^^^
//	  hint: close it with "
//
// Of a long text it shows the surroundings, of a text of several lines the line of the place.
func (e *Error) Render(text string) string {
	start := min(max(e.Pos.Start, 0), len(text))
	end := min(max(e.Pos.End, start), len(text))
	from := strings.LastIndexByte(text[:start], '\n') + 1
	to := len(text)
	if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
		to = start + i
	}
	end = min(end, to)

	left := lastColumns(text[from:start], renderWidth)
	right := firstColumns(text[start:to], renderWidth)
	end = min(end, start+len(right))
	var before, after string
	if len(left) < start-from {
		before = "…"
	}
	if len(right) < to-start {
		after = "…"
	}
	var b strings.Builder
	b.WriteString(e.Msg + "\n  " + before)
	writeLine(&b, left)
	writeLine(&b, right)
	b.WriteString(after + "\n  ")
	b.WriteString(strings.Repeat(" ", columns(before)+columns(left)))
	b.WriteString(strings.Repeat("^", max(1, columns(text[start:end]))))
	b.WriteByte('\n')
	if e.Hint != "" {
		b.WriteString("  hint: " + e.Hint + "\n")
	}
	return b.String()
}

// writeLine writes s so that every rune takes the columns that runeColumns counts.
func writeLine(b *strings.Builder, s string) {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		b.WriteRune(r)
	}
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func firstColumns(s string, limit int) string {
	n := 0
	for i, r := range s {
		if n += runeColumns(r); n > limit {
			return s[:i]
		}
	}
	return s
}

func lastColumns(s string, limit int) string {
	n := 0
	for i := len(s); i > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		if n += runeColumns(r); n > limit {
			return s[i:]
		}
		i -= size
	}
	return s
}

// wide lists the blocks whose characters take two columns (Unicode Standard Annex 11, W and F), coarsely:
// unassigned code points inside a block count as wide too.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1},
		{0x231a, 0x231b, 1},
		{0x2e80, 0x303e, 1},
		{0x3041, 0xa4cf, 1},
		{0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1},
		{0xfe10, 0xfe19, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff01, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18aff, 1},
		{0x1b000, 0x1b2ff, 1},
		{0x1f300, 0x1f64f, 1},
		{0x1f680, 0x1f6ff, 1},
		{0x1f900, 0x1faff, 1},
		{0x20000, 0x3fffd, 1},
	},
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	default:
		return 1
	}
}
