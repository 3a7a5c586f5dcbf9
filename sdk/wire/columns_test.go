package wire_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/wire"
)

func TestBuilderReadsBackWhatWasSet(t *testing.T) {
	var b wire.Builder // reused, as in plugins
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		c, want := build(r, &b, anyShape(r, r.IntN(3) == 0), ls, m)
		valid(t, len(ls), m, c)
		assert.Equal(t, want, read(c, len(ls), m))
	})
}

func TestFillGivesTextsToRowsThatHaveNone(t *testing.T) {
	var b wire.Builder
	texts := [][]string{nil, {"success"}, {}, {"失败"}}
	many := [][]string{nil, {"host"}, {}, {"web", "authentication", "web"}}
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		s := anyShape(r, r.IntN(2) == 0)
		s.typ = wire.Type_STRING
		if r.IntN(3) == 0 {
			s.fill = 0
		}
		_, want := build(r, &b, s, ls, m)
		of := texts
		if s.list {
			of = many
		}
		pick := make([]uint16, len(ls))
		for row := range pick {
			pick[row] = uint16(r.IntN(len(of)))
			if add := of[pick[row]]; s.list && len(add) > 0 {
				want[row] = append(append([]string{}, add...), want[row]...)
			} else if want[row] == nil && len(add) > 0 {
				want[row] = add
			}
		}
		b.Fill(pick, of)
		if !b.Used() {
			assert.Equal(t, want, read(nil, len(ls), m))
			return
		}
		c := b.Finish(7)
		valid(t, len(ls), m, c)
		assert.Equal(t, want, read(c, len(ls), m))
	})
}

// cut makes parts of a column that follow each other.
func cut(r *rand.Rand, c *wire.Column, rows int) (parts []wire.Part) {
	for from := 0; from < rows; {
		to := min(rows, from+1+r.IntN(40))
		p := wire.Part{Rows: to - from}
		if c != nil {
			p.Column = c.Slice(rows, from, to)
		}
		parts = append(parts, p)
		from = to
	}
	return parts
}

func TestSliceAndConcatGiveTheOriginal(t *testing.T) {
	var b wire.Builder
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		c, want := build(r, &b, anyShape(r, r.IntN(3) == 0), ls, m)
		whole := &wire.Batch{Rows: uint32(len(ls)), Columns: []*wire.Column{m}}
		if c != nil {
			whole.Columns = append(whole.Columns, c)
		}
		from := r.IntN(len(ls))
		to := from + r.IntN(len(ls)-from) + 1
		part := whole.Slice(from, to)
		require.NoError(t, part.Validate(messageID))
		assert.Equal(t, want[from:to], read(part.Column(7), to-from, part.Column(messageID)))

		got := wire.Concat(cut(r, c, len(ls)), m)
		valid(t, len(ls), m, got)
		assert.Equal(t, want, read(got, len(ls), m))
		joined := wire.Concat(cut(r, m, len(ls)), nil)
		valid(t, len(ls), joined, got)
		assert.Equal(t, want, read(got, len(ls), joined), "lines keep their separators")
	})
}

// twins are two columns of one type and list-ness over the same lines, of any encodings.
func twins(r *rand.Rand, ls []string, m *wire.Column) (a, b *wire.Column, wantA, wantB sheet) {
	s := anyShape(r, r.IntN(3) == 0)
	a, wantA = build(r, new(wire.Builder), s, ls, m)
	other := anyShape(r, s.list)
	other.typ = s.typ
	b, wantB = build(r, new(wire.Builder), other, ls, m)
	return a, b, wantA, wantB
}

func TestConcatOfMixedEncodings(t *testing.T) {
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		a, b, wantA, wantB := twins(r, ls, m)
		split := r.IntN(len(ls) + 1)
		parts := []wire.Part{{Rows: split}, {Rows: len(ls) - split}}
		if a != nil {
			parts[0].Column = a.Slice(len(ls), 0, split)
		}
		if b != nil {
			parts[1].Column = b.Slice(len(ls), split, len(ls))
		}
		got := wire.Concat(parts, m)
		valid(t, len(ls), m, got)
		want := append(append(sheet{}, wantA[:split]...), wantB[split:]...)
		assert.Equal(t, want, read(got, len(ls), m), "the range of the line that a value was made from stays known")
	})
}

func TestOverlay(t *testing.T) {
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		base, over, want, wantOver := twins(r, ls, m)
		if base == nil || over == nil {
			return
		}
		for row, v := range wantOver {
			if v != nil {
				want[row] = v
			}
		}
		got := wire.Overlay(base, over, len(ls), m)
		valid(t, len(ls), m, got)
		assert.Equal(t, want, read(got, len(ls), m))
	})
}

func TestGather(t *testing.T) {
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		c, have := build(r, new(wire.Builder), anyShape(r, r.IntN(3) == 0), ls, m)
		if c == nil {
			return
		}
		order := make([]int32, r.IntN(2*len(ls)))
		want := make(sheet, len(order))
		for i := range order {
			order[i] = int32(r.IntN(len(ls)))
			want[i] = have[order[i]]
		}
		got, message := c.Gather(len(ls), order), m.Gather(len(ls), order)
		valid(t, len(order), message, got)
		assert.Equal(t, want, read(got, len(order), message))
	})
}

// Columns without a single value are valid answers; they say nothing of encodings.
func TestColumnsWithoutValues(t *testing.T) {
	m := lines([]string{"ab", "cd"})
	none := func(e wire.Encoding) *wire.Column {
		c := &wire.Column{Field: 7, Type: wire.Type_STRING, Encoding: e, Present: []byte{0}}
		switch e {
		case wire.Encoding_SPAN:
			c.Width = 4
		case wire.Encoding_DICT:
			c.Width, c.Dict = 1, le32(0)
		default:
			c.Values = le32(0)
		}
		return c
	}
	one := &wire.Column{Field: 7, Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 4, Count: 2, Values: append(le32(1<<16), le32(1<<16)...)}
	for _, e := range []wire.Encoding{wire.Encoding_PLAIN, wire.Encoding_SPAN, wire.Encoding_DICT} {
		valid(t, 2, m, none(e))
		for _, f := range []wire.Encoding{wire.Encoding_PLAIN, wire.Encoding_SPAN, wire.Encoding_DICT} {
			assert.Nil(t, wire.Concat([]wire.Part{{2, none(e)}, {2, none(f)}}, nil))
			assert.Equal(t, sheet{nil, nil}, read(wire.Overlay(none(e), none(f), 2, m), 2, m))
		}
		assert.Equal(t, sheet{{"a@0-1"}, {"c@0-1"}}, read(wire.Overlay(one, none(e), 2, m), 2, m))
		four := lines([]string{"ab", "cd", "ef", "gh"})
		assert.Equal(t, sheet{nil, nil, {"e@0-1"}, {"g@0-1"}}, read(wire.Concat([]wire.Part{{2, none(e)}, {2, one}}, four), 4, four))
	}
}

// The width of fixed types means nothing, so nothing may depend on what a plugin says there.
func TestOverlayIgnoresWidthsOfFixedTypes(t *testing.T) {
	for _, typ := range []wire.Type{wire.Type_TIMESTAMP, wire.Type_IP, wire.Type_DOUBLE, wire.Type_BOOL, wire.Type_GEO} {
		size := map[wire.Type]int{wire.Type_IP: 16, wire.Type_GEO: 16, wire.Type_BOOL: 1}[typ]
		if size == 0 {
			size = 8
		}
		base := &wire.Column{Field: 7, Type: typ, Count: 2, Values: make([]byte, 2*size)}
		over := &wire.Column{Field: 7, Type: typ, Count: 1, Present: []byte{2}, Values: make([]byte, size), Width: 1}
		valid(t, 2, base, over)
		got := wire.Overlay(base, over, 2, nil)
		valid(t, 2, got)
		assert.Len(t, read(got, 2, nil), 2)
	}
}

func TestOverlayOfListsWithoutElements(t *testing.T) {
	base := &wire.Column{Field: 7, Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: 1, Count: 2, Lists: make([]byte, 12), Dict: make([]byte, 4)}
	over := &wire.Column{Field: 7, Type: wire.Type_STRING, Count: 1, Present: []byte{2}, Lists: make([]byte, 8), Values: make([]byte, 4)}
	valid(t, 2, base, over)
	assert.Equal(t, base, wire.Overlay(base, over, 2, nil))
}

func TestCompact(t *testing.T) {
	each(t, 200, func(t *testing.T, r *rand.Rand) {
		ls := anyLines(r)
		m := lines(ls)
		c, _ := build(r, new(wire.Builder), anyShape(r, r.IntN(3) == 0), ls, m)
		if c == nil {
			return
		}
		order := make([]int32, r.IntN(len(ls)))
		for i := range order {
			order[i] = int32(r.IntN(len(ls)))
		}
		g, message := c.Gather(len(ls), order), m.Gather(len(ls), order)
		if g == nil {
			return
		}
		got := g.Compact()
		valid(t, len(order), message, got)
		assert.Equal(t, read(g, len(order), message), read(got, len(order), message))
		if got.Encoding == wire.Encoding_DICT {
			used := map[string]bool{}
			for k := range got.Elements() {
				used[string(got.Bytes(k))] = true
			}
			assert.Len(t, used, got.Entries(), "no word without a value")
		}
	})
}

func TestConcatIgnoresWidthsOfFixedTypes(t *testing.T) {
	a := &wire.Column{Field: 7, Type: wire.Type_TIMESTAMP, Count: 1, Values: make([]byte, 8), Width: 5}
	b := &wire.Column{Field: 7, Type: wire.Type_TIMESTAMP, Count: 1, Values: make([]byte, 8)}
	valid(t, 1, a)
	got := wire.Concat([]wire.Part{{1, b}, {1, a}}, nil)
	assert.Equal(t, sheet{{"t0"}, {"t0"}}, read(got, 2, nil))
}
