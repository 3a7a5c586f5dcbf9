package elastic

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// document is one event on its way. Its bytes, an action line and the source, lie in the chunk.
type document struct {
	index      *generation
	from       *origin
	row        int // of its batch
	raw        int // bytes of message
	begin, end int // of the chunk's bytes
}

// origin is what the documents of one batch share.
type origin struct {
	offset uint64
	source string
}

var wireTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

// batchEncoder renders the rows of one batch, in order and each once. It aliases the batch. What rows have in common is
// rendered once: the entries of dictionaries, and what all rows of a block have.
type batchEncoder struct {
	batch   *wire.Batch
	product product
	from    *origin
	message *wire.Column
	columns []fieldColumn // declared fields
	extra   []fieldColumn // undeclared ones, sorted by name

	position, time, ingested, observer, logType *wire.Column

	head   []byte         // of every document
	active []*fieldColumn // those that some row of the block has
	common []byte         // what all rows of the block have
	clock  clock          // of @timestamp
	plain  bool           // the row's message has nothing that JSON escapes

	names, text []byte // for undeclared fields
}

// blockRows are looked at together. Rows of one parser follow each other, so most columns are there for all rows of a
// block or for none.
const blockRows = 64

type fieldColumn struct {
	*wire.Column
	name     string // in documents; of an undeclared field the event's
	key      []byte // ,"name":
	nanos    []byte // ,"name#nanos": of a date
	tokens   []byte // ,"name#tokens": of a text that is not message
	set      []byte // ,"name#set": of a list that is counted apart
	rendered []byte // a dictionary's entries; each with the key, unless they are elements of lists
	ends     []int  // of the entries in rendered
	clock    clock
	at       wire.Cursor
}

// newBatchEncoder finds the columns of a batch of a journal entry, or of an import if its number is not 0. A column
// whose type is not the declared one, or not that of all indices, is kept as an undeclared field.
func newBatchEncoder(offset, imported uint64, b *wire.Batch, p product, disputed conflicts) (*batchEncoder, error) {
	if err := b.Validate(uint32(ecs.Message)); err != nil {
		return nil, err
	}
	if b.Journal == "" {
		return nil, fmt.Errorf("batch of entry %d names no journal", offset)
	}
	e := &batchEncoder{batch: b, product: p, from: &origin{offset, store.EventID{Journal: b.Journal, Partition: b.Partition}.Source()}}
	for _, c := range b.Columns {
		info := ecs.Field(c.Field).Info()
		if c.Field == 0 {
			if f, ok := ecs.Lookup(c.Name); ok {
				info = f.Info()
			}
		}
		if c.Count == 0 {
			continue
		}
		col := fieldColumn{Column: c, name: info.Name}
		declared := info.Name != "" && !disputed[info.Name] && wireTypes[info.Type] == c.Type && (info.List || len(c.Lists) == 0)
		switch {
		case !declared:
			if col.name == "" {
				col.name = c.Name
			}
			e.extra = append(e.extra, col)
		case info.Name == fieldMessage:
			e.message = c
		case info.Name == fieldTime:
			e.time = c
		case info.Name == fieldID:
		default:
			switch info.Name {
			case fieldPosition:
				e.position = c
			case fieldIngested:
				e.ingested = c
			case fieldObserver:
				e.observer = c
			case fieldLogType:
				e.logType = c
			}
			col.name = p.field(col.name)
			col.prepare(info.Type)
			e.columns = append(e.columns, col)
		}
	}
	slices.SortFunc(e.extra, func(a, b fieldColumn) int { return cmpString(a.name, b.name) })
	if err := e.check(offset); err != nil {
		return nil, err
	}
	e.head = strconv.AppendUint([]byte("\"}}\n{\"#offset\":"), offset, 10)
	if imported > 0 {
		e.head = strconv.AppendUint(append(e.head, `,"#import":`...), imported, 10)
	}
	e.head = append(e.head, `,"#source":`...)
	e.head = append(appendJSON(e.head, []byte(e.from.source)), `,"`...)
	e.head = append(append(e.head, p.field(fieldID)...), `":"`...)
	return e, nil
}

// mostEntries of a dictionary are rendered beforehand; larger ones may have most of them used once.
const mostEntries = 1024

// prepare renders what does not depend on the row.
func (c *fieldColumn) prepare(t ecs.Type) {
	quoted := appendJSON([]byte{','}, []byte(c.name))
	c.key = append(quoted, ':')
	suffixed := func(suffix string) []byte { return append([]byte(`,"`+c.name+suffix), '"', ':') }
	switch {
	case t == ecs.Date:
		c.nanos = suffixed(suffixNanos)
	case t == ecs.Text:
		c.tokens = suffixed(suffixTokens)
	case len(c.Lists) > 0 && countedApart(t):
		c.set = suffixed(suffixSet)
	case c.Encoding == wire.Encoding_DICT && c.Entries() <= min(mostEntries, int(c.Count)):
		for code := range c.Entries() {
			if len(c.Lists) == 0 {
				c.rendered = append(c.rendered, c.key...)
			}
			c.rendered = appendJSON(c.rendered, c.Entry(code))
			c.ends = append(c.ends, len(c.rendered))
		}
	}
}

// entry is what a dictionary's value looks like.
func (c *fieldColumn) entry(code int) []byte {
	if code == 0 {
		return c.rendered[:c.ends[0]]
	}
	return c.rendered[c.ends[code-1]:c.ends[code]]
}

// fills says whether rows from to to, a multiple of eight and no more than a block, all have a value, or some.
func fills(c *wire.Column, from, to int) (all, some bool) {
	if len(c.Present) == 0 {
		return true, true
	}
	n := wire.CountBits(c.Present[from>>3:], to-from)
	return n == to-from, n > 0
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// check finds the columns that every event has.
func (e *batchEncoder) check(offset uint64) error {
	rows := int(e.batch.Rows)
	switch {
	case e.message == nil || int(e.message.Count) != rows:
		return fmt.Errorf("batch of entry %d has no message for every row", offset)
	case e.position == nil || int(e.position.Count) != rows:
		return fmt.Errorf("batch of entry %d has no %s for every row", offset, fieldPosition)
	case (e.time == nil || int(e.time.Count) != rows) && (e.ingested == nil || int(e.ingested.Count) != rows):
		return fmt.Errorf("batch of entry %d has neither %s nor %s for every row", offset, fieldTime, fieldIngested)
	}
	return nil
}

// times are @timestamp and event.ingested of all rows; each stands in for the other.
func (e *batchEncoder) times() (at, ingested []int64) {
	at = make([]int64, e.batch.Rows)
	for _, c := range []*wire.Column{e.ingested, e.time} {
		if c != nil {
			c.Each(len(at), func(row, k int) { at[row] = c.Nanos(k) })
		}
	}
	ingested = slices.Clone(at)
	if c := e.ingested; c != nil {
		c.Each(len(at), func(row, k int) { ingested[row] = c.Nanos(k) })
	}
	return at, ingested
}

// begin looks at the columns of a block.
func (e *batchEncoder) begin(row int) {
	e.active, e.common = e.active[:0], e.common[:0]
	to := min(row+blockRows, int(e.batch.Rows))
	for i := range e.columns {
		c := &e.columns[i]
		all, some := fills(c.Column, row, to)
		switch {
		case all && len(c.ends) == 1 && len(c.Lists) == 0:
			e.common = append(e.common, c.rendered...)
		case some:
			e.active = append(e.active, c)
		}
	}
}

// document appends the action line and the source of the next row. action is what the line begins with, up to the id.
func (e *batchEncoder) document(dst []byte, row int, at int64, action []byte) []byte {
	if row%blockRows == 0 {
		e.begin(row)
	}
	position := e.position.Int(row)
	line := e.message.Bytes(row)
	dst = append(dst, action...)
	id := len(dst)
	dst = store.AppendEventID(dst, e.from.source, position)
	end := len(dst)
	dst = append(dst, e.head...)
	dst = append(dst, dst[id:end]...)
	dst = append(dst, `","@timestamp":`...)
	dst = e.clock.append(dst, at)
	dst = append(dst, `,"@timestamp#nanos":`...)
	dst = strconv.AppendInt(dst, at, 10)
	dst = append(dst, `,"#raw":`...)
	dst = strconv.AppendInt(dst, int64(len(line)), 10)
	dst = append(dst, `,"message":"`...)
	if e.plain = !hasEscapes(line); e.plain {
		dst = append(dst, line...)
	} else {
		dst = appendEscaped(dst, line)
	}
	dst = appendWords(append(dst, `","`+colTokens+`":`...), line)
	dst = append(dst, e.common...)
	for _, c := range e.active {
		dst = e.field(dst, c, row)
	}
	dst = e.undeclared(dst, row)
	return append(dst, '}', '\n')
}

func (e *batchEncoder) field(dst []byte, c *fieldColumn, row int) []byte {
	k := row
	if len(c.Present) > 0 {
		if c.Present[row>>3]&(1<<(row&7)) == 0 {
			return dst
		}
		k = c.at.At(c.Column, row)
	}
	from, to := k, k+1
	list := len(c.Lists) > 0
	if len(c.ends) > 0 && !list {
		return append(dst, c.entry(c.Code(k))...)
	}
	if list {
		if from, to = c.List(k); from == to {
			return dst
		}
	}
	if c.Type == wire.Type_DOUBLE && !finite(c.Column, from, to) {
		return dst // neither JSON nor a query can say it
	}
	dst = append(dst, c.key...)
	if list {
		dst = e.list(dst, c, from, to, row)
	} else {
		dst = e.value(dst, c, k, row)
	}
	switch {
	case c.nanos != nil:
		dst = e.set(append(dst, c.nanos...), c, from, to, row, list, appendNanos)
	case c.set != nil:
		dst = e.set(append(dst, c.set...), c, from, to, row, list, e.value)
	case c.tokens != nil && list:
		dst = append(dst, c.tokens...)
		for i := from; i < to; i++ {
			dst = append(dst, "[,"[min(i-from, 1)])
			dst = appendWords(dst, c.Text(i, row, e.message))
		}
		dst = append(dst, ']')
	case c.tokens != nil:
		dst = appendWords(append(dst, c.tokens...), c.Text(from, row, e.message))
	}
	return dst
}

func (e *batchEncoder) list(dst []byte, c *fieldColumn, from, to, row int) []byte {
	dst = append(dst, '[')
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		dst = e.value(dst, c, i, row)
	}
	return append(dst, ']')
}

func appendNanos(dst []byte, c *fieldColumn, k, _ int) []byte {
	return strconv.AppendInt(dst, c.Nanos(k), 10)
}

// appendWords appends what a text is searched by. Tokens have no character that JSON escapes.
func appendWords(dst, text []byte) []byte {
	return append(query.AppendTokens(append(dst, '"'), text), '"')
}

// set appends the different ones of a list's values.
func (e *batchEncoder) set(dst []byte, c *fieldColumn, from, to, row int, list bool, one func([]byte, *fieldColumn, int, int) []byte) []byte {
	if !list {
		return one(dst, c, from, row)
	}
	seen := make(map[string]bool, to-from)
	dst = append(dst, '[')
	for i := from; i < to; i++ {
		start := len(dst)
		dst = one(dst, c, i, row)
		if v := string(dst[start:]); !seen[v] {
			seen[v] = true
			dst = append(dst, ',')
		} else {
			dst = dst[:start]
		}
	}
	dst[len(dst)-1] = ']' // lists have a value
	return dst
}

func (e *batchEncoder) value(dst []byte, c *fieldColumn, k, row int) []byte {
	switch c.Type {
	case wire.Type_STRING:
		if len(c.ends) > 0 {
			return append(dst, c.entry(c.Code(k))...)
		}
		if e.plain && c.Encoding == wire.Encoding_SPAN {
			dst = append(append(dst, '"'), c.Text(k, row, e.message)...)
			return append(dst, '"')
		}
		return appendJSON(dst, c.Text(k, row, e.message))
	case wire.Type_IP:
		return append(appendIP(append(dst, '"'), c.Column, k), '"')
	case wire.Type_TIMESTAMP:
		return c.clock.append(dst, c.Nanos(k))
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		dst = strconv.AppendFloat(append(dst, `{"lat":`...), lat, 'g', -1, 64)
		dst = strconv.AppendFloat(append(dst, `,"lon":`...), lon, 'g', -1, 64)
		return append(dst, '}')
	case wire.Type_DOUBLE: // of two zeros the cluster would make two terms
		return strconv.AppendFloat(dst, c.Float(k)+0, 'g', -1, 64)
	default:
		return appendPlain(dst, c.Column, k, row, e.message)
	}
}

// undeclared appends the fields nobody declared: a list of name=value, and one of the names.
func (e *batchEncoder) undeclared(dst []byte, row int) []byte {
	if len(e.extra) == 0 {
		return dst
	}
	start := len(dst)
	names, text := append(e.names[:0], `,"`+colNames+`":[`...), e.text
	last := ""
	for i := range e.extra {
		c := &e.extra[i]
		if !c.Has(row) || c.name == last && len(dst) > start {
			continue
		}
		k := c.at.At(c.Column, row)
		from, to := k, k+1
		if len(c.Lists) > 0 {
			if from, to = c.List(k); from == to {
				continue
			}
		}
		if len(dst) == start {
			dst = append(dst, `,"`+colUndeclared+`":[`...)
		} else {
			dst = append(dst, ',')
			names = append(names, ',')
		}
		last = c.name
		names = appendJSON(names, []byte(c.name))
		for j := from; j < to; j++ {
			if j > from {
				dst = append(dst, ',')
			}
			text = append(append(text[:0], c.name...), '=')
			text = appendPlain(text, c.Column, j, row, e.message)
			dst = appendJSON(dst, text)
		}
	}
	e.names, e.text = names, text
	if len(dst) == start {
		return dst
	}
	dst = append(dst, ']')
	dst = append(dst, names...)
	return append(dst, ']')
}
