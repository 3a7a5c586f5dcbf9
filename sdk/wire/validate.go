package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Limits on what one batch may hold; more is refused.
const (
	MaxRows    = 1 << 20
	MaxColumns = 4096
	// MaxFanOut is how many events a line can have beside its first: an event id has one byte for their ordinal.
	MaxFanOut = 255
)

// Validate checks every length, offset, bitmap, code and span of a batch, so that the column methods cannot
// leave their buffers. message is the id of the message field: its column is the target of spans, must be
// PLAIN and full; a batch without spans may lack it.
func (b *Batch) Validate(message uint32) error { return b.validate(message, false) }

// ValidateBounds is Validate for batches of a host that checked the texts: a plugin's requests, and what lies in a
// journal under its checksum. What is left is what could make a column method leave its buffers.
func (b *Batch) ValidateBounds(message uint32) error { return b.validate(message, true) }

func (b *Batch) validate(message uint32, bounds bool) error {
	if b.Rows > MaxRows || len(b.Columns) > MaxColumns {
		return fmt.Errorf("batch of %d rows and %d columns is over the limits %d and %d", b.Rows, len(b.Columns), MaxRows, MaxColumns)
	}
	m := b.Column(message)
	if m != nil {
		if m.Type != Type_STRING || m.Encoding != Encoding_PLAIN || len(m.Present) != 0 || len(m.Lists) != 0 {
			return errors.New("message column: want PLAIN strings for all rows")
		}
		if err := m.validate(int(b.Rows), nil, nil, bounds); err != nil {
			return fmt.Errorf("message column: %w", err)
		}
	}
	for _, c := range b.Columns {
		if c == m {
			continue
		}
		if err := c.validate(int(b.Rows), m, nil, bounds); err != nil {
			return fmt.Errorf("column %d %s: %w", c.Field, c.Name, err)
		}
	}
	return nil
}

// Validate checks a result against the batch it answers. request must be valid and hold the message column
// if the plugin was sent one.
func (r *Result) Validate(request *Batch, message uint32) error {
	if r.Rows != request.Rows {
		return fmt.Errorf("answer for %d rows, asked for %d", r.Rows, request.Rows)
	}
	if len(r.Columns) > MaxColumns {
		return fmt.Errorf("%d columns, at most %d", len(r.Columns), MaxColumns)
	}
	m := request.Column(message)
	rows := int(r.Rows)
	for _, c := range r.Columns {
		if c.Separator != 0 {
			return fmt.Errorf("column %d %s: separators are for lines only", c.Field, c.Name)
		}
		if err := c.validate(rows, m, nil, false); err != nil {
			return fmt.Errorf("column %d %s: %w", c.Field, c.Name, err)
		}
	}
	last := -1
	for _, e := range r.Errors {
		if int(e.Row) >= rows || int(e.Row) < last {
			return fmt.Errorf("row error at row %d of %d, after row %d", e.Row, rows, last)
		}
		last = int(e.Row)
	}
	if len(r.Drop) != 0 {
		if err := validateBitmap(r.Drop, rows); err != nil {
			return fmt.Errorf("drop %w", err)
		}
	}
	if f := r.Fanout; f != nil {
		if err := f.validate(rows, m); err != nil {
			return fmt.Errorf("fan-out: %w", err)
		}
	}
	for i, e := range r.Edits {
		if slices.ContainsFunc(r.Edits[:i], func(o *Edits) bool { return o.Field == e.Field }) {
			return fmt.Errorf("edits of field %d come twice", e.Field)
		}
		c := request.Column(e.Field)
		if c == nil {
			return fmt.Errorf("edits of field %d, which was not sent", e.Field)
		}
		if err := e.validate(request, c, m); err != nil {
			return fmt.Errorf("edits of field %d: %w", e.Field, err)
		}
	}
	return nil
}

func (f *FanOut) validate(rows int, message *Column) error {
	n := int(f.Rows)
	if n > MaxRows || len(f.Parents) != 4*n {
		return fmt.Errorf("%d bytes of parents for %d rows", len(f.Parents), n)
	}
	last, run := uint32(0), 0
	for i := range n {
		p := binary.LittleEndian.Uint32(f.Parents[4*i:])
		if int(p) >= rows || p < last {
			return fmt.Errorf("parent %d is row %d of %d, after row %d", i, p, rows, last)
		}
		if p != last {
			last, run = p, 0
		}
		if run++; run > MaxFanOut {
			return fmt.Errorf("row %d has more than %d further events", p, MaxFanOut)
		}
	}
	parent := func(row int) int { return int(binary.LittleEndian.Uint32(f.Parents[4*row:])) }
	for _, c := range f.Columns {
		if c.Separator != 0 {
			return fmt.Errorf("column %d %s: separators are for lines only", c.Field, c.Name)
		}
		if err := c.validate(n, message, parent, false); err != nil {
			return fmt.Errorf("column %d %s: %w", c.Field, c.Name, err)
		}
	}
	return nil
}

// EditAt is the i-th edit: bytes [start, end) of the row's value become replacement r.
func (e *Edits) EditAt(i int) (row, start, end, r int) {
	p := e.Edits[16*i : 16*i+16]
	return int(binary.LittleEndian.Uint32(p)), int(binary.LittleEndian.Uint32(p[4:])),
		int(binary.LittleEndian.Uint32(p[8:])), int(binary.LittleEndian.Uint32(p[12:]))
}

// Len is the number of edits.
func (e *Edits) Len() int { return len(e.Edits) / 16 }

func (e *Edits) validate(b *Batch, c, message *Column) error {
	if len(e.Edits)%16 != 0 || c.Type != Type_STRING || len(c.Lists) != 0 {
		return errors.New("want 16 bytes an edit, on a column of single strings")
	}
	for i, s := range e.Replacements {
		if !utf8.ValidString(s) {
			return fmt.Errorf("replacement %d is not UTF-8", i)
		}
	}
	lastRow, lastEnd := -1, 0
	var u Cursor
	for i := range e.Len() {
		row, start, end, r := e.EditAt(i)
		if row < lastRow || row >= int(b.Rows) || !c.Has(row) {
			return fmt.Errorf("edit %d is of row %d of %d, after row %d", i, row, b.Rows, lastRow)
		}
		if row != lastRow {
			lastEnd = 0
		}
		v := c.Text(u.At(c, row), row, message)
		if start < lastEnd || end < start || end > len(v) || r >= len(e.Replacements) {
			return fmt.Errorf("edit %d: bytes %d to %d of %d with replacement %d of %d", i, start, end, len(v), r, len(e.Replacements))
		}
		if !boundary(v, start) || !boundary(v, end) {
			return fmt.Errorf("edit %d: bytes %d to %d cut a character", i, start, end)
		}
		lastRow, lastEnd = row, end
	}
	return nil
}

func boundary(v []byte, i int) bool { return i == len(v) || utf8.RuneStart(v[i]) }

// validate checks one column. line maps a row to the row of message, nil for the same. bounds leaves out what the
// bytes say.
func (c *Column) validate(rows int, message *Column, line func(int) int, bounds bool) error {
	if c.Encoding == Encoding_SPAN && c.Type == Type_STRING && len(c.Lists) == 0 {
		return c.validateSpans(rows, message, line, bounds)
	}
	if c.Encoding == Encoding_SPAN {
		return errors.New("SPAN goes with single strings only")
	}
	n, err := c.validateShape(rows)
	if err != nil {
		return err
	}
	if c.Type == Type_STRING {
		return c.validateStrings(n, rows, message, line, bounds)
	}
	if c.Encoding != Encoding_PLAIN {
		return fmt.Errorf("%s goes with strings only", c.Encoding)
	}
	width := 0
	switch c.Type {
	case Type_INT64:
		width = int(c.Width)
		if width != 4 && width != 8 {
			return fmt.Errorf("INT64 of width %d, want 4 or 8", width)
		}
	case Type_DOUBLE, Type_TIMESTAMP:
		width = 8
	case Type_BOOL:
		width = 1
	case Type_IP, Type_GEO:
		width = 16
	default:
		return fmt.Errorf("unknown type %d", c.Type)
	}
	if len(c.Values) != width*n {
		return fmt.Errorf("%d bytes for %d values of %d", len(c.Values), n, width)
	}
	return nil
}

// validateShape checks presence and lists and returns the number of values.
func (c *Column) validateShape(rows int) (int, error) {
	n := int(c.Count)
	if len(c.Present) == 0 {
		if n != rows {
			return 0, fmt.Errorf("%d values for %d rows without a presence bitmap", n, rows)
		}
	} else {
		if err := validateBitmap(c.Present, rows); err != nil {
			return 0, fmt.Errorf("presence %w", err)
		}
		if got := CountBits(c.Present, rows); got != n {
			return 0, fmt.Errorf("presence bitmap has %d bits for %d values", got, n)
		}
	}
	if len(c.Lists) == 0 {
		return n, nil
	}
	if len(c.Lists) != 4*(n+1) {
		return 0, fmt.Errorf("%d bytes of list offsets for %d lists", len(c.Lists), n)
	}
	if first := binary.LittleEndian.Uint32(c.Lists); first != 0 {
		return 0, fmt.Errorf("list offsets start at %d, want 0", first)
	}
	return lastOffset(c.Lists, 0, 0, "list")
}

func validateBitmap(p []byte, rows int) error {
	if len(p) != (rows+7)/8 {
		return fmt.Errorf("bitmap of %d bytes for %d rows", len(p), rows)
	}
	if rows%8 != 0 && p[len(p)-1]>>(rows%8) != 0 {
		return errors.New("bitmap has bits behind the last row")
	}
	return nil
}

// lastOffset checks that u32 offsets ascend by at least step from first and returns the last one.
func lastOffset(p []byte, first, step uint32, what string) (int, error) {
	last := binary.LittleEndian.Uint32(p)
	if last < first {
		return 0, fmt.Errorf("%s offsets start at %d", what, last)
	}
	for i := 4; i < len(p); i += 4 {
		o := binary.LittleEndian.Uint32(p[i:])
		if o < last || o-last < step {
			return 0, fmt.Errorf("%s offset %d is %d, after %d", what, i/4, o, last)
		}
		last = o
	}
	if last > 1<<30 {
		return 0, fmt.Errorf("%s offsets reach %d", what, last)
	}
	return int(last), nil
}

func (c *Column) validateStrings(n, rows int, message *Column, line func(int) int, bounds bool) error {
	if c.Encoding == Encoding_DICT {
		if len(c.Dict) < 4 || len(c.Dict)%4 != 0 {
			return fmt.Errorf("dictionary of %d bytes of offsets", len(c.Dict))
		}
		if err := texts(c.Dict, c.Data, 0, bounds); err != nil {
			return fmt.Errorf("dictionary: %w", err)
		}
		return c.validateCodes(n)
	}
	if c.Encoding != Encoding_PLAIN {
		return fmt.Errorf("unknown encoding %d", c.Encoding)
	}
	if len(c.Values) != 4*(n+1) {
		return fmt.Errorf("%d bytes of offsets for %d strings", len(c.Values), n)
	}
	if err := texts(c.Values, c.Data, c.Separator, bounds); err != nil {
		return err
	}
	return c.validateOrigin(n, rows, message, line)
}

// texts checks that offsets lie inside data and, unless bounds are enough, that every string between them is UTF-8.
func texts(offsets, data []byte, separator uint32, bounds bool) error {
	last, err := lastOffset(offsets, 0, separator, "string")
	if err != nil {
		return err
	}
	if last > len(data) {
		return fmt.Errorf("strings reach byte %d of %d", last, len(data))
	}
	if bounds {
		return nil
	}
	first := int(binary.LittleEndian.Uint32(offsets))
	if !utf8.Valid(data[first:last]) {
		return errors.New("strings are not UTF-8")
	}
	if separator > 0 {
		return nil // an ASCII separator ends every string on a boundary; others are checked below
	}
	for i := 0; i < len(offsets); i += 4 {
		if o := int(binary.LittleEndian.Uint32(offsets[i:])); o < last && !utf8.RuneStart(data[o]) {
			return fmt.Errorf("string %d starts inside a character", i/4)
		}
	}
	return nil
}

func (c *Column) validateCodes(n int) error {
	if c.Width != 1 && c.Width != 2 && c.Width != 4 {
		return fmt.Errorf("codes of width %d, want 1, 2 or 4", c.Width)
	}
	if len(c.Values) != int(c.Width)*n {
		return fmt.Errorf("%d bytes for %d codes of %d", len(c.Values), n, c.Width)
	}
	entries := c.Entries()
	for k := range n {
		if code := c.Code(k); code >= entries {
			return fmt.Errorf("code %d of a dictionary of %d", code, entries)
		}
	}
	return nil
}

func (c *Column) validateOrigin(n, rows int, message *Column, line func(int) int) error {
	if len(c.Origin) == 0 {
		return nil
	}
	if message == nil {
		return errors.New("origins, but no message was sent")
	}
	if len(c.Origin) != 8*n {
		return fmt.Errorf("%d bytes of origins for %d values", len(c.Origin), n)
	}
	var bad error
	c.Each(rows, func(row, k int) {
		from, to := k, k+1
		if len(c.Lists) > 0 {
			from, to = c.List(k)
		}
		at := row
		if line != nil {
			at = line(row)
		}
		length := message.Offset(at+1) - message.Offset(at) - int(message.Separator)
		for ; from < to; from++ {
			s, e := binary.LittleEndian.Uint32(c.Origin[8*from:]), binary.LittleEndian.Uint32(c.Origin[8*from+4:])
			if s > e || int(e) > length {
				bad = fmt.Errorf("origin %d to %d of a line of %d bytes at row %d", s, e, length, row)
			}
		}
	})
	return bad
}

// validateSpans checks that every span lies inside its line and cuts no character. line maps a row to the
// row of message, nil for the same.
func (c *Column) validateSpans(rows int, message *Column, line func(int) int, bounds bool) error {
	if message == nil {
		return errors.New("spans, but no message was sent")
	}
	if c.Type != Type_STRING || len(c.Lists) != 0 {
		return errors.New("SPAN goes with single strings only")
	}
	n, err := c.validateShape(rows)
	if err != nil {
		return err
	}
	if (c.Width != 4 && c.Width != 8) || len(c.Values) != int(c.Width)*n {
		return fmt.Errorf("%d bytes for %d spans of %d", len(c.Values), n, c.Width)
	}
	if bad := c.badSpan(rows, message, line, bounds); bad >= 0 {
		return fmt.Errorf("span of row %d leaves its line or cuts a character", bad)
	}
	return nil
}

// badSpan is the first row whose span leaves its line or cuts a character, -1 if there is none.
func (c *Column) badSpan(rows int, message *Column, line func(int) int, bounds bool) int {
	offsets, data, separator := message.Values, message.Data, int(message.Separator)
	fits := func(row, start, length int) bool {
		if line != nil {
			row = line(row)
		}
		from, to := int(binary.LittleEndian.Uint32(offsets[4*row:])), int(binary.LittleEndian.Uint32(offsets[4*row+4:]))-separator
		s := from + start
		e := s + length
		return e <= to && (bounds || (s == to || data[s]&0xc0 != 0x80) && (e == to || data[e]&0xc0 != 0x80))
	}
	if len(c.Present) == 0 {
		for row := range rows {
			if start, n := c.Span(row); !fits(row, start, n) {
				return row
			}
		}
		return -1
	}
	k := 0
	for i, have := range c.Present {
		for ; have != 0; have &= have - 1 {
			row := i<<3 + bits.TrailingZeros8(have)
			if start, n := c.Span(k); !fits(row, start, n) {
				return row
			}
			k++
		}
	}
	return -1
}
