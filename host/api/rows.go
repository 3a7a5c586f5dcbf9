package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Exports: what goes into a row.
const (
	formatCSV     = "csv"
	formatNDJSON  = "ndjson"
	contentRaw    = "raw"    // the message alone
	contentParsed = "parsed" // all fields but the message
	contentBoth   = "both"
)

// positionField is what event.id is made of; rows have that instead.
const positionField = "logcenter.position"

// wanted says whether a field belongs into a row of the given content; only narrows it if it is not empty.
func wanted(name, content string, only []string) bool {
	if len(only) > 0 {
		return slices.Contains(only, name)
	}
	switch content {
	case contentRaw:
		return name == "message"
	case contentParsed:
		return name != "message"
	default:
		return true
	}
}

// storeFields is what to ask the store for; nil for all.
func storeFields(content string, only []string) []string {
	if len(only) == 0 && content == contentRaw {
		return []string{"message"}
	}
	return only
}

// appendCSV appends a value of a CSV row (RFC 4180). A quoted "" is an empty string, nothing is no value.
func appendCSV[S string | []byte](b []byte, s S) []byte {
	quote := len(s) == 0 || s[0] == ' ' || s[len(s)-1] == ' '
	for i := 0; i < len(s) && !quote; i++ {
		c := s[i]
		quote = c == '"' || c == ',' || c == '\n' || c == '\r'
	}
	if !quote {
		return append(b, s...)
	}
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		if s[i] == '"' {
			b = append(append(b, s[start:i+1]...), '"')
			start = i + 1
		}
	}
	return append(append(b, s[start:]...), '"')
}

func appendCSVHeader(b []byte, columns []string) []byte {
	for i, name := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCSV(b, name)
	}
	return append(b, "\r\n"...)
}

// appendCSVEvent appends one row of ev. Lists are JSON arrays. A sheet keeps formulas from being such:
// a quote goes before what a spreadsheet would compute.
func appendCSVEvent(b []byte, ev store.Event, columns []string, sheet bool) []byte {
	for i, name := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := ev[name].(type) {
		case nil:
		case string:
			if sheet && v != "" && strings.IndexByte("=+-@\t\r", v[0]) >= 0 {
				v = "'" + v
			}
			b = appendCSV(b, v)
		case time.Time:
			b = appendTime(b, v)
		case []any, store.GeoPoint:
			b = appendCSV(b, appendValue(nil, v))
		default:
			b = appendCSV(b, strings.Trim(string(appendValue(nil, v)), `"`))
		}
	}
	return append(b, "\r\n"...)
}

// rowEncoder makes rows straight from the columns of a batch: no map, no allocation per row. The zero
// value is not usable; not for concurrent use.
type rowEncoder struct {
	csv     bool
	content string
	only    []string
	columns []string // CSV: in their order

	plan    []planned
	batch   *wire.Batch
	message *wire.Column
	scratch []byte
}

// planned is one field of the rows of a batch.
type planned struct {
	name   string
	prefix []byte // its name in JSON with the colon
	col    *wire.Column
	cursor wire.Cursor
	id     bool // event.id, made from logcenter.position
}

// begin readies the encoder for the rows of a batch, and counts the values that have no column.
func (e *rowEncoder) begin(b *wire.Batch) (skipped int64) {
	e.batch, e.plan, e.message = b, e.plan[:0], nil
	have := map[string]*wire.Column{}
	for _, c := range b.Columns {
		name := columnName(c)
		have[name] = c // later columns win
		if name == "message" {
			e.message = c
		}
	}
	position := have[positionField]
	if position != nil && have["event.id"] == nil {
		have["event.id"] = position
		delete(have, positionField)
	}
	for name, c := range have {
		if !wanted(name, e.content, e.only) {
			continue
		}
		if e.csv && !slices.Contains(e.columns, name) {
			skipped += int64(c.Count)
			continue
		}
		p := planned{name: name, col: c, id: name == "event.id" && c == position}
		p.prefix = append(appendString(nil, name), ':')
		e.plan = append(e.plan, p)
	}
	if !e.csv {
		slices.SortFunc(e.plan, func(a, b planned) int { return strings.Compare(a.name, b.name) })
		return skipped
	}
	sorted := make([]planned, 0, len(e.columns))
	for _, name := range e.columns {
		i := slices.IndexFunc(e.plan, func(p planned) bool { return p.name == name })
		if i < 0 {
			sorted = append(sorted, planned{name: name})
			continue
		}
		sorted = append(sorted, e.plan[i])
	}
	e.plan = sorted
	return skipped
}

func columnName(c *wire.Column) string {
	if c.Name != "" {
		return c.Name
	}
	return ecs.Field(c.Field).Name()
}

// append appends one row of the batch. Rows ascend.
func (e *rowEncoder) append(b []byte, row int) []byte {
	if e.csv {
		return e.appendCSV(b, row)
	}
	b = append(b, '{')
	first := true
	for i := range e.plan {
		p := &e.plan[i]
		k := p.cursor.At(p.col, row)
		if k < 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, p.prefix...)
		b = e.value(b, p, k, row)
	}
	return append(b, "}\n"...)
}

func (e *rowEncoder) appendCSV(b []byte, row int) []byte {
	for i := range e.plan {
		if i > 0 {
			b = append(b, ',')
		}
		p := &e.plan[i]
		if p.col == nil {
			continue
		}
		k := p.cursor.At(p.col, row)
		if k < 0 {
			continue
		}
		if p.col.Type == wire.Type_STRING && len(p.col.Lists) == 0 {
			b = appendCSV(b, p.col.Text(k, row, e.message))
			continue
		}
		e.scratch = e.value(e.scratch[:0], p, k, row)
		v := e.scratch
		if v[0] == '"' { // a time, an address or an id
			v = v[1 : len(v)-1]
		}
		b = appendCSV(b, v)
	}
	return append(b, "\r\n"...)
}

// value appends the value of a present row as JSON.
func (e *rowEncoder) value(b []byte, p *planned, k, row int) []byte {
	if len(p.col.Lists) == 0 {
		return e.element(b, p, k, row)
	}
	b = append(b, '[')
	from, to := p.col.List(k)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = e.element(b, p, i, row)
	}
	return append(b, ']')
}

func (e *rowEncoder) element(b []byte, p *planned, k, row int) []byte {
	c := p.col
	switch {
	case p.id:
		return append(appendEventID(append(b, '"'), e.batch, uint64(c.Int(k))), '"')
	case c.Type == wire.Type_STRING:
		return appendString(b, c.Text(k, row, e.message))
	case c.Type == wire.Type_INT64:
		return strconv.AppendInt(b, c.Int(k), 10)
	case c.Type == wire.Type_DOUBLE:
		return appendFloat(b, c.Float(k))
	case c.Type == wire.Type_BOOL:
		return strconv.AppendBool(b, c.Bool(k))
	case c.Type == wire.Type_IP:
		return append(c.Addr(k).AppendTo(append(b, '"')), '"')
	case c.Type == wire.Type_TIMESTAMP:
		return append(appendTime(append(b, '"'), time.Unix(0, c.Nanos(k))), '"')
	case c.Type == wire.Type_GEO:
		lat, lon := c.Point(k)
		return appendPoint(b, lat, lon)
	default:
		return appendString(b, fmt.Sprintf("value of type %d", c.Type))
	}
}

// appendEventID appends the event.id of a position in the raw journal:
// JOURNAL-PARTITION-OFFSET-ROW, and -ORDINAL for the second and further events of one line.
func appendEventID(b []byte, batch *wire.Batch, position uint64) []byte {
	b = append(append(b, batch.Journal...), '-')
	b = append(strconv.AppendUint(b, uint64(batch.Partition), 10), '-')
	b = append(strconv.AppendUint(b, position>>24, 10), '-')
	b = strconv.AppendUint(b, position>>8&0xffff, 10)
	if ordinal := position & 0xff; ordinal > 0 {
		b = strconv.AppendUint(append(b, '-'), ordinal, 10)
	}
	return b
}
