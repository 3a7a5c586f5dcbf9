package embedded

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// selection is what a query is about, checked.
type selection struct {
	node      query.Node
	from, to  int64  // @timestamp in [from, to)
	maxOffset uint64 // event journal offset of the snapshot
	now       time.Time
	partition string // only this one, if not empty
	source    string // only this one, if not empty
	lists     *lists // nil: the query has none
}

// selection checks what a caller asks for. ok is false if the scope lets nothing through.
func (s *Store) selection(scope store.Scope, sel store.Selection, p *snapshot) (q *selection, ok bool, err error) {
	if sel.From.IsZero() || sel.To.IsZero() {
		return nil, false, fmt.Errorf("%w: a time range is required: give from and to", store.ErrRequest)
	}
	if sel.To.Before(sel.From) {
		return nil, false, fmt.Errorf("%w: the time range ends (%s) before it begins (%s)", store.ErrRequest, sel.To.Format(time.RFC3339), sel.From.Format(time.RFC3339))
	}
	if sel.Query != nil {
		if err := query.Check(sel.Query, nil); err != nil {
			return nil, false, fmt.Errorf("%w: %w", store.ErrRequest, err)
		}
	}
	n := scope.Narrow(sel.Query)
	if n == nil {
		return nil, false, nil
	}
	if err := query.Check(n, nil); err != nil { // the scope's own query
		return nil, false, fmt.Errorf("the scope's query does not fit the fields of today: %w", err)
	}
	return &selection{node: n, from: nanos(sel.From), to: nanos(sel.To), maxOffset: p.offset, now: time.Now(), lists: hasLists(n)}, true, nil
}

// nanos is t in nanoseconds since 1970, as near as the years 1678 to 2261 allow.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1678:
		return -1 << 63
	case y > 2261:
		return 1<<63 - 1
	default:
		return t.UnixNano()
	}
}

// relation is the part of a snapshot that a selection leaves, as SQL that can stand behind FROM once.
type relation struct {
	sql    string
	files  []any // parameters of sql: lists of files
	empty  bool
	tables []table
}

// table is records that SQL reads under a name, once.
type table struct {
	name    string
	schema  *arrow.Schema
	records []arrow.RecordBatch
}

// plan is how a selection is read.
type plan struct {
	store *Store
	snap  *snapshot
	sel   *selection
	cols  []column
	lists map[listKey][]string
	read  []planned
}

// planned is a segment that may have matching events.
type planned struct {
	segment *segment
	sql     string // its rows; fromMark stands for where they are
	always  string // sql without its conditions on times
	excerpt
	entire bool // but for times all of it is selected: the selection's snapshot and its source leave nothing out
}

// plan plans a selection over columns. Segments that have no matching event are left out.
func (s *Store) plan(ctx context.Context, p *snapshot, q *selection, cols []column) (*plan, error) {
	in, err := s.inLists(ctx, p, q)
	if err != nil {
		return nil, err
	}
	out := &plan{store: s, snap: p, sel: q, cols: cols, lists: in}
	for _, g := range p.segments {
		one, err := q.segment(g, cols, in)
		if err != nil {
			return nil, err
		}
		if one != nil {
			out.read = append(out.read, *one)
		}
	}
	return out, nil
}

// relation plans a selection over columns as one relation.
func (s *Store) relation(ctx context.Context, p *snapshot, q *selection, cols []column) (*relation, error) {
	pl, err := s.plan(ctx, p, q, cols)
	if err != nil {
		return nil, err
	}
	return pl.relation(pl.read, true)
}

// relation is the rows of some of the plan's segments and, if it is wanted, of the tail.
func (pl *plan) relation(read []planned, tail bool) (*relation, error) {
	r := &relation{}
	var order []string
	files := map[string][]string{}
	for _, one := range read {
		if files[one.sql] == nil {
			order = append(order, one.sql)
		}
		files[one.sql] = append(files[one.sql], one.segment.path)
	}
	parts := make([]string, 0, len(order)+2)
	for _, sql := range order {
		parts = append(parts, strings.Replace(sql, fromMark, "read_parquet(?)", 1))
		r.files = append(r.files, files[sql])
	}
	if tail {
		sql, err := pl.tail(r)
		if err != nil {
			return nil, err
		}
		if sql != "" {
			parts = append(parts, sql)
		}
	}
	if len(parts) == 0 {
		r.empty = true
		list := make([]string, len(pl.cols))
		for i, c := range pl.cols {
			list[i] = "NULL::" + c.sqlType() + " AS " + quoteName(c.Name)
		}
		parts = append(parts, "SELECT "+strings.Join(list, ", ")+" WHERE false")
	}
	r.sql = "(" + strings.Join(parts, " UNION ALL ") + ")"
	return r, nil
}

// fromMark stands for the files in a fragment; it can be in no quoted name, for '#' and space are in no field.
const fromMark = `"# files"`

// segment plans the reading of one segment, nil if nothing in it can match.
func (q *selection) segment(g *segment, cols []column, in map[listKey][]string) (*planned, error) {
	switch {
	case !g.during(q.from, q.to), g.MinOffset > q.maxOffset,
		q.partition != "" && q.partition != g.partition(),
		q.source != "" && !slices.Contains(g.Sources, q.source),
		!g.mayHold(q.node):
		return nil, nil
	}
	c := condition{now: q.now, lists: in, uses: map[string]bool{}, layout: layout{
		columns:    g.Columns,
		undeclared: func(name string) bool { return g.Undeclared[name] > 0 },
		positions:  g.Positions,
	}}
	where := c.sql(q.node)
	if c.err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrRequest, c.err)
	}
	if where == sqlFalse {
		return nil, nil
	}
	p := &planned{segment: g, excerpt: g.excerpt(q.from, q.to)}
	p.entire = true
	var conds, times []string
	if p.begins {
		times = append(times, quoteName(fieldTime)+" >= "+quoteTime(q.from))
	}
	if p.ends {
		times = append(times, quoteName(fieldTime)+" < "+quoteTime(q.to))
	}
	if g.MaxOffset > q.maxOffset {
		p.entire = false
		conds = append(conds, quoteName(colOffset)+" <= "+quoteInt(int64(q.maxOffset)))
	}
	if q.source != "" && len(g.Sources) > 1 {
		p.entire = false
		conds = append(conds, quoteName(colSource)+" = "+quote(q.source))
	}
	if where != sqlTrue {
		conds = append(conds, where)
	}
	list := make([]string, len(cols))
	for i, col := range cols {
		list[i] = g.expr(col) + " AS " + quoteName(col.Name)
	}
	p.always = fragment(list, fromMark, conds)
	p.sql = fragment(list, fromMark, append(times, conds...))
	return p, nil
}

// during is the selection in other times.
func (q *selection) during(from, to int64) *selection {
	narrow := *q
	narrow.from, narrow.to = from, to
	return &narrow
}

func fragment(list []string, from string, conds []string) string {
	s := "SELECT " + strings.Join(list, ", ") + " FROM " + from
	if len(conds) > 0 {
		s += " WHERE " + strings.Join(conds, " AND ")
	}
	return s
}

// expr is a column as a segment has it.
func (g *segment) expr(c column) string {
	switch c.Name {
	case colFile:
		return "filename"
	case colRow:
		return "file_row_number"
	}
	null := "NULL::" + c.sqlType()
	info, ok := g.Columns[c.Name]
	switch {
	case ok && info.Kind == c.Kind && info.List == c.List:
		return quoteName(c.Name)
	case ok && info.Kind == c.Kind && c.List:
		return "CASE WHEN " + quoteName(c.Name) + " IS NULL THEN NULL ELSE [" + quoteName(c.Name) + "] END"
	case ok && info.Kind != kindIP && c.Kind != kindIP:
		return "TRY_CAST(" + quoteName(c.Name) + " AS " + c.sqlType() + ")"
	case ok || g.Undeclared[c.Name] == 0 || c.Kind == kindIP:
		return null
	case c.List:
		return "TRY_CAST(json_extract_string(" + quoteName(colFlattened) + ", " + quote(jsonPath(c.Name)+"[*]") + ") AS " + c.sqlType() + ")"
	default:
		return "TRY_CAST(json_extract_string(" + quoteName(colFlattened) + ", " + quote(jsonPath(c.Name)+"[0]") + ") AS " + c.sqlType() + ")"
	}
}

// recordRows is about how many rows of the tail become one Arrow record.
const recordRows = 32768

// tail is the query of the tail, "" if nothing in it can match. It makes the records it reads, for r.
func (pl *plan) tail(r *relation) (string, error) {
	p, q := pl.snap, pl.sel
	if q.partition != "" {
		return "", nil // partitions are made by a flush
	}
	var in []int
	have := map[string]columnInfo{}
	undeclared := map[string]bool{}
	for i, e := range p.tail {
		if e.maxTime < q.from || e.minTime >= q.to || e.offset > q.maxOffset {
			continue
		}
		in = append(in, i)
		for name := range e.fields {
			if f, ok := ecs.Lookup(name); ok {
				for _, c := range columnsOf(f.Info()) {
					have[c.Name] = columnInfo{Kind: c.Kind, List: c.List}
				}
			}
		}
		for _, c := range e.extra {
			undeclared[c.Name] = true
		}
	}
	if len(in) == 0 {
		return "", nil
	}
	for _, c := range fixedColumns {
		have[c.Name] = columnInfo{Kind: c.Kind}
	}
	c := condition{now: q.now, lists: pl.lists, uses: map[string]bool{}, layout: layout{
		columns: have, undeclared: func(name string) bool { return undeclared[name] },
	}}
	where := c.sql(q.node)
	if c.err != nil {
		return "", fmt.Errorf("%w: %w", store.ErrRequest, c.err)
	}
	if where == sqlFalse {
		return "", nil
	}
	conds := []string{quoteName(fieldTime) + " >= " + quoteTime(q.from), quoteName(fieldTime) + " < " + quoteTime(q.to)}
	if where != sqlTrue {
		conds = append(conds, where)
	}
	c.uses[fieldTime] = true
	list := make([]string, len(pl.cols))
	for i, col := range pl.cols {
		_, ok := have[col.Name]
		switch {
		case col.Name == colFile:
			list[i] = "'' AS " + quoteName(colFile)
		case ok || col.Name == colRow:
			c.uses[col.Name] = true
			list[i] = quoteName(col.Name)
		default:
			list[i] = "NULL::" + col.sqlType() + " AS " + quoteName(col.Name)
		}
	}
	have[colRow] = columnInfo{Kind: kindInt}
	t := pl.store.records(p, in, c.uses, have)
	r.tables = append(r.tables, t)
	return fragment(list, t.rows(), conds), nil
}

// tableRow is the one column of a table: a struct of the columns needed. DuckDB hands projections and
// filters down to the stream, whose interface in C has no place for them, and takes the answer for projected and
// filtered. One column leaves nothing to project, and a limit holds filters back.
const tableRow = "r"

func (t table) rows() string {
	return "(SELECT unnest(" + tableRow + ") FROM (SELECT " + tableRow + " FROM " + quoteName(t.name) + " OFFSET 0))"
}

// fixedColumns are in every segment beside the fields.
var fixedColumns = []column{{fieldTime, kindTime, false}, {colSource, kindString, false}, {colOffset, kindInt, false}, {colFlattened, kindString, false}}

// table makes one without rows. Its fields are those of the struct.
func (s *Store) table(fields []arrow.Field) table {
	row := arrow.StructOf(fields...)
	return table{name: fmt.Sprintf("table %d", s.tableID.Add(1)), schema: arrow.NewSchema([]arrow.Field{{Name: tableRow, Type: row}}, nil)}
}

func (t *table) add(rows int, values []arrow.ArrayData) {
	data := array.NewData(t.schema.Field(0).Type, rows, []*memory.Buffer{nil}, values, 0, 0)
	t.records = append(t.records, array.NewRecordBatch(t.schema, []arrow.Array{array.MakeFromData(data)}, int64(rows)))
}

func (s *Store) records(p *snapshot, in []int, uses map[string]bool, have map[string]columnInfo) table {
	var cols []column
	var fields []arrow.Field
	for name := range uses {
		cols = append(cols, column{name, have[name].Kind, have[name].List})
	}
	slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range cols {
		fields = append(fields, c.arrowField())
	}
	out := s.table(fields)
	for len(in) > 0 {
		n, rows := 0, 0
		for n < len(in) && (n == 0 || rows+p.tail[in[n]].rows <= recordRows) {
			rows += p.tail[in[n]].rows
			n++
		}
		children := make([]arrow.ArrayData, len(cols))
		for i, c := range cols {
			v := newVector(c, rows)
			at := 0
			for _, k := range in[:n] {
				p.tail[k].into(v, at, k)
				at += p.tail[k].rows
			}
			children[i] = v.array(nil, rows-v.count).Data()
		}
		out.add(rows, children)
		in = in[n:]
	}
	return out
}

// run executes a query that reads the relation once.
func (s *Store) run(ctx context.Context, r *relation, sql string, f func(vals []driver.Value) error) error {
	return s.with(ctx, r, func(ctx context.Context, c *conn) error { return c.rows(ctx, sql, r.files, f) })
}

// runArrow is run, with the answer as columns.
func (s *Store) runArrow(ctx context.Context, r *relation, sql string, f func(rec arrow.RecordBatch) error) error {
	return s.with(ctx, r, func(ctx context.Context, c *conn) error { return c.records(ctx, sql, r.files, f) })
}

// reader takes a connection for a query.
func (s *Store) reader() (*engine, *conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.readers.get()
	return s.readers, c, err
}

// with calls f with a connection on which the relation can be read.
func (s *Store) with(ctx context.Context, r *relation, f func(ctx context.Context, c *conn) error) (err error) {
	ctx, cancel := s.queryContext(ctx)
	defer cancel()
	e, c, err := s.reader()
	if err != nil {
		return err
	}
	defer e.put(c)
	for _, t := range r.tables {
		release, err := c.open(t)
		if err != nil {
			return err
		}
		defer release()
	}
	return f(ctx, c)
}

var errTimeout = errors.New("the query took too long: narrow the time range or the filter")

// queryContext ends with the store and after the query timeout.
func (s *Store) queryContext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithTimeoutCause(ctx, s.opts.QueryTimeout, fmt.Errorf("%w: %w", store.ErrRequest, errTimeout))
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() { cancel(store.ErrClosed) })
	return ctx, func() { stop(); cancel(nil); end() }
}
