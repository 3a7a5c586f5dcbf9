package elastic

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// document is one event on its way. Its bytes, an action line and the source, lie in the chunk.
type document struct {
	index    *generation
	from, to int // of the chunk's bytes
	offset   uint64
	source   string
	row      int
	raw      int64
}

var wireTypes = map[ecs.Type]wire.Type{
	ecs.Keyword: wire.Type_STRING, ecs.Text: wire.Type_STRING, ecs.Long: wire.Type_INT64, ecs.Double: wire.Type_DOUBLE,
	ecs.Boolean: wire.Type_BOOL, ecs.IP: wire.Type_IP, ecs.Date: wire.Type_TIMESTAMP, ecs.GeoPoint: wire.Type_GEO,
}

// batchEncoder renders the rows of one batch. It aliases the batch.
type batchEncoder struct {
	batch   *wire.Batch
	source  string
	message *wire.Column
	columns []fieldColumn // declared fields
	extra   []fieldColumn // undeclared ones, sorted by name

	position, time, ingested, observer, logType *wire.Column
	tokens                                      []byte
}

type fieldColumn struct {
	*wire.Column
	key  []byte // ,"name":
	name string
	text bool // a text field that is not message
	at   wire.Cursor
}

func appendJSON(dst, s []byte) []byte {
	for _, c := range s {
		if c < 0x20 || c == '"' || c == '\\' || c == 0x7f {
			q, err := json.Marshal(string(s))
			if err != nil { // strings always marshal
				panic(err)
			}
			return append(dst, q...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// newBatchEncoder finds the columns. A column whose type is not the declared one is kept as an undeclared field.
func newBatchEncoder(offset uint64, b *wire.Batch) (*batchEncoder, error) {
	if err := b.Validate(uint32(ecs.Message)); err != nil {
		return nil, err
	}
	if b.Journal == "" {
		return nil, fmt.Errorf("batch of entry %d names no journal", offset)
	}
	e := &batchEncoder{batch: b, source: store.EventID{Journal: b.Journal, Partition: b.Partition}.Source()}
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
		col := fieldColumn{Column: c, name: info.Name, text: info.Type == ecs.Text}
		declared := info.Name != "" && wireTypes[info.Type] == c.Type && (info.List || len(c.Lists) == 0)
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
			col.key = append(appendJSON([]byte{','}, []byte(col.name)), ':')
			e.columns = append(e.columns, col)
		}
	}
	slices.SortFunc(e.extra, func(a, b fieldColumn) int { return cmpString(a.name, b.name) })
	return e, e.check(offset)
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

func textOf(c *wire.Column, row int, message *wire.Column) []byte {
	if c == nil || !c.Has(row) || len(c.Lists) > 0 {
		return nil
	}
	return c.Text(c.Rank(row), row, message)
}

// document appends the action line and the source of a row.
func (e *batchEncoder) document(dst []byte, row int, at int64, offset uint64, index string) []byte {
	position := e.position.Int(row)
	id := store.FormatEventID(e.source, position)
	line := e.message.Bytes(row)
	dst = append(dst, `{"index":{"_index":"`...)
	dst = append(dst, index...)
	dst = append(dst, `","_id":"`...)
	dst = append(dst, id...)
	dst = append(dst, "\"}}\n"+`{"@timestamp":`...)
	dst = appendTime(dst, at)
	dst = append(dst, `,"@timestamp#nanos":`...)
	dst = strconv.AppendInt(dst, at, 10)
	dst = append(dst, `,"event.id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","#source":`...)
	dst = appendJSON(dst, []byte(e.source))
	dst = append(dst, `,"#offset":`...)
	dst = strconv.AppendUint(dst, offset, 10)
	dst = append(dst, `,"#raw":`...)
	dst = strconv.AppendInt(dst, int64(len(line)), 10)
	dst = append(dst, `,"message":`...)
	dst = appendJSON(dst, line)
	dst = append(dst, `,"`+colTokens+`":`...)
	dst = e.words(dst, line)
	for i := range e.columns {
		dst = e.field(dst, &e.columns[i], row)
	}
	dst = e.undeclared(dst, row)
	return append(dst, "}\n"...)
}

// words appends what a text is searched by. Tokens have no character that JSON escapes.
func (e *batchEncoder) words(dst, text []byte) []byte {
	e.tokens = query.AppendTokens(e.tokens[:0], text)
	dst = append(dst, '"')
	dst = append(dst, e.tokens...)
	return append(dst, '"')
}

func (e *batchEncoder) field(dst []byte, c *fieldColumn, row int) []byte {
	if !c.Has(row) {
		return dst
	}
	k := c.at.At(c.Column, row)
	from, to := k, k+1
	list := len(c.Lists) > 0
	if list {
		if from, to = c.List(k); from == to {
			return dst
		}
	}
	if c.Type == wire.Type_DOUBLE && !finite(c.Column, from, to) {
		return dst // neither JSON nor a query can say it
	}
	dst = append(dst, c.key...)
	dst = e.values(dst, c, from, to, row, list, e.value)
	switch {
	case c.Type == wire.Type_TIMESTAMP:
		dst = append(dst, `,"`...)
		dst = append(dst, c.name...)
		dst = append(dst, suffixNanos+`":`...)
		dst = e.set(dst, c, from, to, row, list, func(dst []byte, c *fieldColumn, k, _ int) []byte {
			return strconv.AppendInt(dst, c.Nanos(k), 10)
		})
	case list && (c.Type == wire.Type_INT64 || c.Type == wire.Type_DOUBLE || c.Type == wire.Type_BOOL):
		dst = append(dst, `,"`...)
		dst = append(dst, c.name...)
		dst = append(dst, suffixSet+`":`...)
		dst = e.set(dst, c, from, to, row, list, e.value)
	case c.text:
		dst = append(dst, `,"`...)
		dst = append(dst, c.name...)
		dst = append(dst, `#tokens":`...)
		dst = e.values(dst, c, from, to, row, list, func(dst []byte, c *fieldColumn, k, row int) []byte {
			return e.words(dst, c.Text(k, row, e.message))
		})
	}
	return dst
}

func finite(c *wire.Column, from, to int) bool {
	for ; from < to; from++ {
		if f := c.Float(from); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

func (e *batchEncoder) values(dst []byte, c *fieldColumn, from, to, row int, list bool, one func([]byte, *fieldColumn, int, int) []byte) []byte {
	if !list {
		return one(dst, c, from, row)
	}
	dst = append(dst, '[')
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		dst = one(dst, c, i, row)
	}
	return append(dst, ']')
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
		return appendJSON(dst, c.Text(k, row, e.message))
	case wire.Type_IP:
		dst = c.Addr(k).AppendTo(append(dst, '"'))
		return append(dst, '"')
	case wire.Type_TIMESTAMP:
		return appendTime(dst, c.Nanos(k))
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		dst = strconv.AppendFloat(append(dst, `{"lat":`...), lat, 'g', -1, 64)
		dst = strconv.AppendFloat(append(dst, `,"lon":`...), lon, 'g', -1, 64)
		return append(dst, '}')
	case wire.Type_DOUBLE: // of two zeros the cluster would make two terms
		return strconv.AppendFloat(dst, c.Float(k)+0, 'g', -1, 64)
	default:
		return appendPlain(dst, c, k, row, e.message)
	}
}

// appendPlain renders a value of any column as text.
func appendPlain(dst []byte, c *fieldColumn, k, row int, message *wire.Column) []byte {
	switch c.Type {
	case wire.Type_INT64:
		return strconv.AppendInt(dst, c.Int(k), 10)
	case wire.Type_DOUBLE:
		return strconv.AppendFloat(dst, c.Float(k), 'g', -1, 64)
	case wire.Type_BOOL:
		return strconv.AppendBool(dst, c.Bool(k))
	case wire.Type_IP:
		return c.Addr(k).AppendTo(dst)
	case wire.Type_TIMESTAMP:
		return time.Unix(0, c.Nanos(k)).UTC().AppendFormat(dst, time.RFC3339Nano)
	case wire.Type_GEO:
		lat, lon := c.Point(k)
		dst = strconv.AppendFloat(dst, lat, 'g', -1, 64)
		return strconv.AppendFloat(append(dst, ','), lon, 'g', -1, 64)
	default:
		return append(dst, c.Text(k, row, message)...)
	}
}

func appendTime(dst []byte, ns int64) []byte {
	dst = time.Unix(0, ns).UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano)
	return append(dst, '"')
}

// undeclared appends the object of the fields nobody declared, every one a list of strings, and their names.
func (e *batchEncoder) undeclared(dst []byte, row int) []byte {
	start := len(dst)
	names := []byte(`,"` + colNames + `":[`)
	var text []byte
	last := ""
	for i := range e.extra {
		c := &e.extra[i]
		if !c.Has(row) || c.name == last {
			continue
		}
		k := c.at.At(c.Column, row)
		from, to := k, k+1
		if len(c.Lists) > 0 {
			if from, to = c.List(k); from == to {
				continue
			}
		}
		if last == "" {
			dst = append(dst, `,"`+colFlattened+`":{`...)
		} else {
			dst = append(dst, ',')
			names = append(names, ',')
		}
		last = c.name
		names = appendJSON(names, []byte(c.name))
		dst = append(appendJSON(dst, []byte(c.name)), ':', '[')
		for j := from; j < to; j++ {
			if j > from {
				dst = append(dst, ',')
			}
			text = appendPlain(text[:0], c, j, row, e.message)
			dst = appendJSON(dst, text)
		}
		dst = append(dst, ']')
	}
	if len(dst) == start {
		return dst
	}
	dst = append(dst, '}')
	dst = append(dst, names...)
	return append(dst, ']')
}
