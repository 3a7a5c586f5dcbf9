package wire_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/wire"
)

func spans(vs ...int) *wire.Column {
	c := &wire.Column{Field: 7, Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 4, Count: uint32(len(vs) / 2)}
	for i := 0; i < len(vs); i += 2 {
		c.Values = append(c.Values, le32(vs[i]|vs[i+1]<<16)...)
	}
	return c
}

func wide(vs ...int) *wire.Column {
	return &wire.Column{Field: 7, Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 8, Count: uint32(len(vs) / 2), Values: le32(vs...)}
}

func plain(data string, offsets ...int) *wire.Column {
	return &wire.Column{Field: 7, Type: wire.Type_STRING, Count: uint32(len(offsets) - 1), Values: le32(offsets...), Data: []byte(data)}
}

func dict(data string, entries []int, width uint32, codes ...byte) *wire.Column {
	return &wire.Column{
		Field: 7, Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: width, Count: uint32(len(codes)) / width,
		Values: codes, Data: []byte(data), Dict: le32(entries...),
	}
}

func with(c *wire.Column, f func(c *wire.Column)) *wire.Column { f(c); return c }

// The lines are "ab", "登c" (登 has 3 bytes) and "".
func TestColumnsThatLie(t *testing.T) {
	request := &wire.Batch{Rows: 3, Columns: []*wire.Column{lines([]string{"ab", "登c", ""})}}
	require.NoError(t, request.Validate(messageID))
	present := func(b ...byte) func(*wire.Column) { return func(c *wire.Column) { c.Present = b } }
	for name, c := range map[string]struct {
		column *wire.Column
		want   string // empty: fine
	}{
		"spans":                    {spans(0, 2, 0, 3, 0, 0), ""},
		"wide spans":               {wide(0, 2, 3, 1, 0, 0), ""},
		"span behind its line":     {spans(0, 3, 0, 0, 0, 0), "span of row 0 leaves its line"},
		"span into the next line":  {spans(3, 1, 0, 0, 0, 0), "span of row 0 leaves its line"},
		"span of an empty line":    {spans(0, 1, 0, 0, 0, 1), "span of row 2"},
		"span starts in character": {spans(0, 0, 1, 2, 0, 0), "span of row 1 leaves its line or cuts"},
		"span ends in character":   {spans(0, 0, 0, 2, 0, 0), "span of row 1 leaves its line or cuts"},
		"wide span overflows":      {wide(0, 1<<32-1, 0, 0, 0, 0), "span of row 0"},
		"spans of width 3":         {with(spans(0, 0, 0, 0, 0, 0), func(c *wire.Column) { c.Width = 3 }), "spans of 3"},
		"too few spans":            {with(spans(0, 0, 0, 0), func(c *wire.Column) { c.Count = 3 }), "8 bytes for 3 spans"},
		"span of a number":         {with(spans(0, 0, 0, 0, 0, 0), func(c *wire.Column) { c.Type = wire.Type_INT64 }), "single strings only"},
		"list of spans":            {with(spans(0, 0, 0, 0, 0, 0), func(c *wire.Column) { c.Lists = le32(0, 1, 2, 3) }), "single strings only"},

		"copies":                    {plain("a登", 0, 1, 4, 4), ""},
		"offsets behind data":       {plain("ab", 0, 1, 2, 3), "reach byte 3 of 2"},
		"offsets descend":           {plain("ab", 0, 2, 1, 2), "string offset 2 is 1, after 2"},
		"not UTF-8":                 {plain("a\xff", 0, 1, 2, 2), "not UTF-8"},
		"string cut in character":   {plain("登", 0, 1, 3, 3), "inside a character"},
		"missing offsets":           {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Values = c.Values[:12] }), "12 bytes of offsets"},
		"separator":                 {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Separator = 1 }), "for lines only"},
		"encoding nobody knows":     {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Encoding, c.Width = 7, 100 }), "unknown encoding 7"},
		"type nobody knows":         {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Type = 9 }), "unknown type 9"},
		"origins":                   {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Origin = le32(0, 2, 0, 4, 0, 0) }), ""},
		"origin behind its line":    {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Origin = le32(0, 3, 0, 4, 0, 0) }), "origin 0 to 3 of a line of 2"},
		"origin ends before start":  {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Origin = le32(2, 1, 0, 4, 0, 0) }), "origin 2 to 1"},
		"origin missing":            {with(plain("ab", 0, 1, 2, 2), func(c *wire.Column) { c.Origin = le32(0, 2) }), "8 bytes of origins for 3"},
		"dictionary":                {dict("a登", []int{0, 1, 4}, 1, 0, 1, 1), ""},
		"code out of range":         {dict("a登", []int{0, 1, 4}, 1, 0, 1, 2), "code 2 of a dictionary of 2"},
		"codes of width 3":          {dict("a", []int{0, 1}, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0), "width 3"},
		"empty dictionary":          {dict("", []int{0}, 1, 0, 0, 0), "code 0 of a dictionary of 0"},
		"dictionary without offset": {dict("", nil, 1, 0, 0, 0), "dictionary of 0 bytes"},
		"entry cuts a character":    {dict("登", []int{0, 1, 3}, 1, 0, 1, 1), "inside a character"},
		"dictionary of numbers":     {with(dict("a", []int{0, 1}, 1, 0, 0, 0), func(c *wire.Column) { c.Type = wire.Type_INT64 }), "strings only"},

		"all present, said":       {with(plain("ab", 0, 1, 2, 2), present(7)), ""},
		"bits behind last row":    {with(plain("ab", 0, 1, 2, 2), present(8|3)), "bits behind the last row"},
		"bitmap too long":         {with(plain("ab", 0, 1, 2, 2), present(7, 0)), "bitmap of 2 bytes for 3 rows"},
		"fewer bits than values":  {with(plain("ab", 0, 1, 2, 2), present(3)), "2 bits for 3 values"},
		"fewer values than rows":  {plain("ab", 0, 1, 2), "2 values for 3 rows"},
		"lists":                   {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 0, 2, 2) }), ""},
		"lists start late":        {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(1, 1, 2, 2) }), "start at 1"},
		"lists descend":           {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 2, 1, 2) }), "list offset 2 is 1"},
		"lists too short":         {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 1) }), "8 bytes of list offsets"},
		"lists of too many":       {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 1, 2, 1<<30) }), "offsets for"},
		"lists of far too many":   {with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 1, 2, 1<<31) }), "reach"},
		"numbers of width 5":      {&wire.Column{Field: 7, Type: wire.Type_INT64, Width: 5, Count: 3, Values: make([]byte, 15)}, "width 5"},
		"numbers too short":       {&wire.Column{Field: 7, Type: wire.Type_INT64, Width: 4, Count: 3, Values: make([]byte, 8)}, "8 bytes for 3"},
		"addresses too short":     {&wire.Column{Field: 7, Type: wire.Type_IP, Count: 3, Values: make([]byte, 47)}, "47 bytes for 3"},
		"a count beyond all data": {&wire.Column{Field: 7, Type: wire.Type_IP, Count: 1<<32 - 1, Values: make([]byte, 48)}, "4294967295 values for 3 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &wire.Result{Rows: 3, Columns: []*wire.Column{c.column}}
			err := answer.Validate(request, messageID)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "column 7")
		})
	}
}

func edits(field uint32, replacements []string, vs ...int) *wire.Edits {
	return &wire.Edits{Field: field, Edits: le32(vs...), Replacements: replacements}
}

func TestAnswersThatLie(t *testing.T) {
	number := &wire.Column{Field: 8, Type: wire.Type_INT64, Width: 4, Count: 3, Values: make([]byte, 12)}
	some := with(plain("xy", 0, 2), func(c *wire.Column) { c.Field, c.Present = 9, []byte{2} })
	request := &wire.Batch{Rows: 3, Columns: []*wire.Column{lines([]string{"ab", "登c", ""}), number, some}}
	require.NoError(t, request.Validate(messageID))
	x := []string{"***"}
	far := func(n, parent int) *wire.FanOut {
		return &wire.FanOut{Rows: uint32(n), Parents: slices.Repeat(le32(parent), n)}
	}
	for name, c := range map[string]struct {
		answer *wire.Result
		want   string
	}{
		"nothing":                  {&wire.Result{Rows: 3}, ""},
		"other rows":               {&wire.Result{Rows: 2}, "answer for 2 rows, asked for 3"},
		"errors":                   {&wire.Result{Rows: 3, Errors: []*wire.RowError{{Row: 0}, {Row: 2}, {Row: 2}}}, ""},
		"error of no row":          {&wire.Result{Rows: 3, Errors: []*wire.RowError{{Row: 3}}}, "row 3 of 3"},
		"errors descend":           {&wire.Result{Rows: 3, Errors: []*wire.RowError{{Row: 2}, {Row: 1}}}, "after row 2"},
		"drop":                     {&wire.Result{Rows: 3, Drop: []byte{7}}, ""},
		"drop too long":            {&wire.Result{Rows: 3, Drop: []byte{7, 0}}, "drop bitmap of 2 bytes"},
		"drop of rows of others":   {&wire.Result{Rows: 3, Drop: []byte{8}}, "drop bitmap has bits behind"},
		"edits":                    {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 0, 1, 0, 0, 1, 2, 0, 1, 0, 3, 0, 2, 0, 0, 0), edits(9, x, 1, 0, 2, 0)}}, ""},
		"edit of an unknown field": {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(5, x, 0, 0, 1, 0)}}, "field 5, which was not sent"},
		"edit of a number":         {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(8, x, 0, 0, 1, 0)}}, "single strings"},
		"edit of no value":         {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(9, x, 0, 0, 1, 0)}}, "edit 0 is of row 0"},
		"edit of no row":           {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 3, 0, 0, 0)}}, "edit 0 is of row 3 of 3"},
		"edit beyond its line":     {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 0, 3, 0)}}, "bytes 0 to 3 of 2"},
		"edit backwards":           {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 2, 1, 0)}}, "bytes 2 to 1"},
		"edits overlap":            {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 0, 2, 0, 0, 1, 2, 0)}}, "edit 1: bytes 1 to 2"},
		"edit rows descend":        {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 1, 0, 3, 0, 0, 0, 1, 0)}}, "edit 1 is of row 0 of 3, after row 1"},
		"edit starts in character": {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 1, 1, 3, 0)}}, "cut a character"},
		"edit ends in character":   {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 1, 0, 2, 0)}}, "cut a character"},
		"replacement of no text":   {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 0, 1, 1)}}, "replacement 1 of 1"},
		"replacement not UTF-8":    {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, []string{"\xff"}, 0, 0, 1, 0)}}, "replacement 0 is not UTF-8"},
		"half an edit":             {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 0, 0, 1)}}, "16 bytes an edit"},
		"edits of a field twice":   {&wire.Result{Rows: 3, Edits: []*wire.Edits{edits(1, x, 1, 0, 3, 0), edits(1, x, 0, 0, 1, 0)}}, "edits of field 1 come twice"},
		"fan-out":                  {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 3, Parents: le32(0, 1, 1), Columns: []*wire.Column{spans(1, 1, 3, 1, 0, 3)}}}, ""},
		"fan-out with origin":      {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 1, Parents: le32(1), Columns: []*wire.Column{with(plain("x", 0, 1), func(c *wire.Column) { c.Origin = le32(0, 4) })}}}, ""},
		"origin of other line":     {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 1, Parents: le32(0), Columns: []*wire.Column{with(plain("x", 0, 1), func(c *wire.Column) { c.Origin = le32(0, 4) })}}}, "origin 0 to 4"},
		"span of the parent":       {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 1, Parents: le32(0), Columns: []*wire.Column{spans(3, 1)}}}, "span of row 0"},
		"parents descend":          {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 2, Parents: le32(1, 0)}}, "parent 1 is row 0 of 3, after row 1"},
		"parent of no row":         {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 1, Parents: le32(3)}}, "parent 0 is row 3 of 3"},
		"parents missing":          {&wire.Result{Rows: 3, Fanout: &wire.FanOut{Rows: 2, Parents: le32(0)}}, "4 bytes of parents for 2 rows"},
		"ordinals have one byte":   {&wire.Result{Rows: 3, Fanout: far(255, 2)}, ""},
		"more than ordinals":       {&wire.Result{Rows: 3, Fanout: far(256, 2)}, "row 2 has more than 255"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.answer.Validate(request, messageID)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestBatchesThatLie(t *testing.T) {
	m := func(f func(*wire.Column)) *wire.Column {
		c := lines([]string{"ab"})
		f(c)
		return c
	}
	for name, c := range map[string]struct {
		batch *wire.Batch
		want  string
	}{
		"spans without lines": {&wire.Batch{Rows: 1, Columns: []*wire.Column{spans(0, 0)}}, "no message"},
		"lines missing":       {&wire.Batch{Rows: 2, Columns: []*wire.Column{lines([]string{"ab"})}}, "1 values for 2 rows"},
		"lines as dictionary": {&wire.Batch{Rows: 1, Columns: []*wire.Column{with(dict("a", []int{0, 1}, 1, 0), func(c *wire.Column) { c.Field = 1 })}}, "want PLAIN"},
		"lines overlap": {&wire.Batch{Rows: 1, Columns: []*wire.Column{m(func(c *wire.Column) {
			c.Separator = 4
		})}}, "string offset 1"},
		"too many rows": {&wire.Batch{Rows: wire.MaxRows + 1}, "over the limits"},
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorContains(t, c.batch.Validate(messageID), c.want) })
	}
}

// use reads all that can be read of a batch that passed; it must not panic.
func use(cs []*wire.Column, rows int, message *wire.Column, line func(int) int) {
	for _, c := range cs {
		if line != nil && c.Encoding == wire.Encoding_SPAN {
			c.Each(rows, func(row, k int) {
				start, n := c.Span(k)
				_ = message.Data[message.Offset(line(row))+start:][:n]
			})
			continue
		}
		read(c, rows, message)
		for _, cut := range [...]int{0, rows / 3, rows} {
			a, b := c.Slice(rows, 0, cut), c.Slice(rows, cut, rows)
			read(a, cut, message)
			joined := wire.Concat([]wire.Part{{Rows: cut, Column: a}, {Rows: rows - cut, Column: b}}, message)
			read(joined, rows, message)
		}
		order := make([]int32, 0, rows)
		for row := rows - 1; row >= 0; row -= 2 {
			order = append(order, int32(row))
		}
		if g := c.Gather(rows, order); g != nil && c.Encoding != wire.Encoding_SPAN {
			read(g, len(order), message)
		}
	}
}

func FuzzValidate(f *testing.F) {
	m := lines([]string{"ab", "登c", ""})
	seed := &wire.Batch{Rows: 3, Columns: []*wire.Column{
		m, spans(0, 2, 0, 3, 0, 0), plain("a登", 0, 1, 4, 4), dict("a登", []int{0, 1, 4}, 1, 0, 1, 1),
		with(plain("ab", 0, 1, 2), func(c *wire.Column) { c.Count, c.Lists = 3, le32(0, 0, 2, 2) }),
		{Field: 8, Type: wire.Type_INT64, Width: 4, Count: 1, Present: []byte{4}, Values: make([]byte, 4)},
	}}
	body, err := seed.MarshalVT()
	require.NoError(f, err)
	f.Add(body, []byte{})
	answer, err := (&wire.Result{
		Rows: 3, Columns: seed.Columns[1:], Drop: []byte{1}, Errors: []*wire.RowError{{Row: 1}},
		Fanout: &wire.FanOut{Rows: 1, Parents: le32(1), Columns: []*wire.Column{spans(3, 1)}},
		Edits:  []*wire.Edits{edits(1, []string{"***"}, 0, 0, 1, 0)},
	}).MarshalVT()
	require.NoError(f, err)
	f.Add(body, answer)
	f.Fuzz(func(_ *testing.T, batch, result []byte) {
		var b wire.Batch
		if b.UnmarshalVTUnsafe(batch) != nil || b.Rows > 1000 || b.Validate(messageID) != nil {
			return
		}
		message := b.Column(messageID)
		use(b.Columns, int(b.Rows), message, nil)
		var r wire.Result
		if r.UnmarshalVTUnsafe(result) != nil || r.Validate(&b, messageID) != nil {
			return
		}
		use(r.Columns, int(r.Rows), message, nil)
		if fan := r.Fanout; fan != nil {
			use(fan.Columns, int(fan.Rows), message, func(row int) int {
				return int(binary.LittleEndian.Uint32(fan.Parents[4*row:]))
			})
		}
		for _, e := range r.Edits {
			for i := range e.Len() {
				row, start, end, with := e.EditAt(i)
				c := b.Column(e.Field)
				_ = string(c.Text(c.Rank(row), row, message)[start:end]) + e.Replacements[with]
			}
		}
	})
}
