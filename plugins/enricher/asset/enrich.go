package main

import (
	"context"
	"slices"
	"sync"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Sides of an event that belong to assets.
const (
	host = iota // the machine the event came from
	source
	destination
	sides
)

// fields are those of a column for each side; 0 is none.
var fields = [single][sides]ecs.Field{
	colID:          {ecs.AssetID, ecs.SourceAssetID, ecs.DestinationAssetID},
	colName:        {ecs.AssetName, ecs.SourceAssetName, ecs.DestinationAssetName},
	colType:        {ecs.AssetType, ecs.SourceAssetType, ecs.DestinationAssetType},
	colOwner:       {ecs.AssetOwner, ecs.SourceAssetOwner, ecs.DestinationAssetOwner},
	colDepartment:  {ecs.AssetDepartment, ecs.SourceAssetDepartment, ecs.DestinationAssetDepartment},
	colSystem:      {ecs.AssetSystem, ecs.SourceAssetSystem, ecs.DestinationAssetSystem},
	colCriticality: {ecs.AssetCriticality, ecs.SourceAssetCriticality, ecs.DestinationAssetCriticality},
	colZone:        {ecs.AssetZone, ecs.SourceZone, ecs.DestinationZone},
}

// plan is what is set of each side.
type plan struct {
	columns [sides][single]bool
	tags    bool
}

func newPlan(c *Config) (p plan) {
	for i, name := range columns[:single] {
		p.columns[host][i] = slices.Contains(c.Fields, name)
		p.columns[source][i] = slices.Contains(c.ConnectionFields, name)
		p.columns[destination][i] = p.columns[source][i]
	}
	p.tags = slices.Contains(c.Fields, columns[colTags])
	return p
}

// work is what handling one batch needs.
type work struct {
	t       *table
	b       *wire.Batch
	message *wire.Column
	assets  [sides][]uint32 // by row; none where there is none

	// of one side
	numbers sdk.Numbers // of assets
	codes   []int32     // by row: the asset's number
	values  sdk.Numbers // of the values that assets have in common
	shared  []string    // by such a value's number
	// by column, and there by the asset's number
	own [single][]string // what differs from asset to asset
	of  [single][]int32  // the number of a value that assets have in common

	common []int32  // of one column, by row: the number of such a value
	byCode []uint32 // of one dictionary: the asset of each entry
	rows   []int32
	addrs  []uint32
	found  []uint32
}

var scratch = sync.Pool{New: func() any { return new(work) }}

// EnrichBatch sets the assets that events came from and that their addresses belong to. The asset an event came from
// is found by host.name, else by observer.name, else by a tag of the event, else by the peer that sent the line.
func (e *enricher) EnrichBatch(_ context.Context, b *wire.Batch, rows *sdk.Rows) error {
	t := e.table.Load()
	if t.size() == 0 {
		return nil
	}
	w := scratch.Get().(*work)
	defer scratch.Put(w)
	w.begin(t, b)
	w.texted(ecs.HostName, t.host)
	w.texted(ecs.ObserverName, t.host)
	w.tagged()
	w.texted(ecs.LogSourceAddress, t.peer)
	w.addressed(source, ecs.SourceIP)
	w.addressed(destination, ecs.DestinationIP)
	w.set(&e.plan, rows)
	return nil
}

func (w *work) begin(t *table, b *wire.Batch) {
	w.t, w.b, w.message = t, b, b.Column(uint32(ecs.Message))
	for i := range w.assets {
		w.assets[i] = slices.Grow(w.assets[i][:0], int(b.Rows))[:b.Rows]
		for k := range w.assets[i] {
			w.assets[i][k] = none
		}
	}
}

// column is the column of a field, nil if there is none of that type.
func (w *work) column(f ecs.Field, t wire.Type, list bool) *wire.Column {
	c := w.b.Column(uint32(f))
	if c == nil || c.Type != t || (len(c.Lists) > 0) != list {
		return nil
	}
	return c
}

// texted finds the assets of events that have none yet by a field's text.
func (w *work) texted(f ecs.Field, find func([]byte) uint32) {
	c, at := w.column(f, wire.Type_STRING, false), w.assets[host]
	if c == nil || !slices.Contains(at, none) {
		return
	}
	if c.Encoding == wire.Encoding_DICT {
		w.entries(c, find)
		c.Each(len(at), func(row, k int) {
			if at[row] == none {
				at[row] = w.byCode[c.Code(k)]
			}
		})
		return
	}
	c.Each(len(at), func(row, k int) {
		if at[row] == none {
			at[row] = find(c.Text(k, row, w.message))
		}
	})
}

// entries looks the texts of a dictionary up, once each.
func (w *work) entries(c *wire.Column, find func([]byte) uint32) {
	w.byCode = w.byCode[:0]
	for code := range c.Entries() {
		w.byCode = append(w.byCode, find(c.Entry(code)))
	}
}

// tagged finds the assets of events that have none yet by the first of their tags that an asset has.
func (w *work) tagged() {
	c, at := w.column(ecs.Tags, wire.Type_STRING, true), w.assets[host]
	if c == nil || len(w.t.marks.entries) == 0 || !slices.Contains(at, none) {
		return
	}
	find := func(tag []byte) uint32 { return w.t.marks.find(tag, true) }
	if c.Encoding == wire.Encoding_DICT {
		w.entries(c, find)
	}
	c.Each(len(at), func(row, k int) {
		from, to := c.List(k)
		for ; from < to && at[row] == none; from++ {
			if c.Encoding == wire.Encoding_DICT {
				at[row] = w.byCode[c.Code(from)]
			} else {
				at[row] = find(c.Bytes(from))
			}
		}
	})
}

// addressed finds the assets of one side by its address.
func (w *work) addressed(side int, f ecs.Field) {
	c := w.column(f, wire.Type_IP, false)
	if c == nil {
		return
	}
	at := w.assets[side]
	w.rows, w.addrs = w.rows[:0], w.addrs[:0]
	c.Each(len(at), func(row, k int) {
		if a, ok := c.IPv4(k); ok {
			w.rows, w.addrs = append(w.rows, int32(row)), append(w.addrs, a)
			return
		}
		at[row] = w.t.address(c.Addr(k))
	})
	w.found = w.t.findAll4(w.addrs, w.found[:0])
	for i, row := range w.rows {
		at[row] = w.found[i]
	}
}

// set sets what is known of the assets that were found.
func (w *work) set(p *plan, rows *sdk.Rows) {
	for side := range sides {
		if !w.gather(w.assets[side], &p.columns[side]) {
			continue
		}
		for column, wanted := range p.columns[side] {
			switch {
			case !wanted:
			case differs(column):
				rows.SetStrings(fields[column][side], w.codes, w.own[column])
			default:
				w.common = w.common[:0]
				for _, code := range w.codes {
					if code >= 0 {
						code = w.of[column][code]
					}
					w.common = append(w.common, code)
				}
				rows.SetStrings(fields[column][side], w.common, w.shared)
			}
		}
	}
	if p.tags {
		w.setTags(rows)
	}
}

// differs says whether each asset has its own value in a column.
func differs(column int) bool { return column == colID || column == colName }

// gather numbers the assets of one side and what is to be set of them, asset by asset, as each is somewhere else in
// memory. It says whether there is any.
func (w *work) gather(assets []uint32, columns *[single]bool) bool {
	w.numbers.Reset(w.t.size())
	w.codes = w.codes[:0]
	for _, a := range assets {
		if a == none {
			w.codes = append(w.codes, -1)
		} else {
			w.codes = append(w.codes, w.numbers.Of(a))
		}
	}
	w.values.Reset(int(w.t.values))
	for column := range single {
		w.own[column], w.of[column] = w.own[column][:0], w.of[column][:0]
	}
	for _, a := range w.numbers.Values {
		l, i := w.t.list(a)
		values := &l.assets[i].values
		for column, wanted := range columns {
			switch {
			case !wanted:
			case differs(column):
				w.own[column] = append(w.own[column], l.value(values[column]))
			default:
				w.of[column] = append(w.of[column], w.values.Of(l.from+values[column]))
			}
		}
	}
	w.shared = w.shared[:0]
	for _, v := range w.values.Values {
		w.shared = append(w.shared, w.t.value(v))
	}
	return len(w.numbers.Values) > 0
}

func (w *work) setTags(rows *sdk.Rows) {
	for row, a := range w.assets[host] {
		if a == none {
			continue
		}
		l, i := w.t.list(a)
		for _, tag := range l.tagsOf(i) {
			rows.At(row).SetString(ecs.AssetTags, l.value(tag))
		}
	}
}
