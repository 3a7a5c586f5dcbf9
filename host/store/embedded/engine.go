package embedded

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/logcenter/logcenter/host/store"
)

// engine is one DuckDB instance in memory with its idle connections.
type engine struct {
	connector *duckdb.Connector
	mu        sync.Mutex
	idle      []*conn
	closed    bool
	inUse     sync.WaitGroup
}

type conn struct {
	driver.Conn
	arrow *duckdb.Arrow
}

// engineOptions of an engine that differ from use to use.
type engineOptions struct {
	threads int
	memory  int64
	spill   string
	ordered bool // queries keep the order of their input, which costs them parallelism
	footers bool // keep what was read of files' footers; never shrinks, see Store.renew
}

// newEngine starts DuckDB.
func newEngine(o engineOptions) (*engine, error) {
	// What all connections share is set by the first one, before there are queries: DuckDB reads these settings
	// without locks, so that another connection that sets them, though to the same, crashes a query under way.
	shared := []string{
		fmt.Sprintf("SET GLOBAL threads = %d", o.threads),
		fmt.Sprintf("SET GLOBAL memory_limit = '%dB'", o.memory),
		"SET GLOBAL temp_directory = " + quote(o.spill),
		"SET GLOBAL preserve_insertion_order = " + strconv.FormatBool(o.ordered),
		"SET GLOBAL enable_external_file_cache = false", // the kernel caches files, outside of our memory
		"SET GLOBAL autoinstall_known_extensions = false",
		"SET GLOBAL autoload_known_extensions = false",
	}
	own := []string{
		"SET SESSION parquet_metadata_cache = " + strconv.FormatBool(o.footers),
		"SET SESSION TimeZone = 'UTC'",
		"SET SESSION enable_progress_bar = false",
	}
	connector, err := duckdb.NewConnector("", func(e driver.ExecerContext) error {
		for _, set := range append(shared, own...) {
			if _, err := e.ExecContext(context.Background(), set, nil); err != nil {
				return fmt.Errorf("%s: %w", set, err)
			}
		}
		shared = nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	e := &engine{connector: connector}
	c, err := e.get()
	if err != nil {
		return nil, errors.Join(err, connector.Close())
	}
	e.put(c)
	return e, nil
}

func (e *engine) get() (*conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, store.ErrClosed
	}
	e.inUse.Add(1)
	if n := len(e.idle); n > 0 {
		c := e.idle[n-1]
		e.idle = e.idle[:n-1]
		return c, nil
	}
	dc, err := e.connector.Connect(context.Background())
	if err != nil {
		e.inUse.Done()
		return nil, err
	}
	ar, err := duckdb.NewArrowFromConn(dc)
	if err != nil {
		e.inUse.Done()
		return nil, errors.Join(err, dc.Close())
	}
	return &conn{dc, ar}, nil
}

// maxIdle connections are kept; more exist while more queries run at once.
const maxIdle = 8

func (e *engine) put(c *conn) {
	e.mu.Lock()
	if !e.closed && len(e.idle) < maxIdle {
		e.idle = append(e.idle, c)
		c = nil
	}
	e.mu.Unlock()
	if c != nil {
		_ = c.Close() // nothing is pending on it
	}
	e.inUse.Done()
}

func (e *engine) close() error {
	e.mu.Lock()
	e.closed = true
	idle := e.idle
	e.idle = nil
	e.mu.Unlock()
	e.inUse.Wait()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, e.connector.Close())...)
}

func (c *conn) exec(ctx context.Context, sql string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, sql, nil)
	return queryError(ctx, err)
}

// rows runs a query and hands out its rows; vals is reused. A query on files is planned twice if it names them,
// when it is prepared and when it is run, but once if they are parameters.
func (c *conn) rows(ctx context.Context, sql string, files []any, f func(vals []driver.Value) error) error {
	args := make([]driver.NamedValue, len(files))
	for i, name := range files {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: name}
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, sql, args)
	if err != nil {
		return queryError(ctx, err)
	}
	vals := make([]driver.Value, len(rows.Columns()))
	for {
		switch err = rows.Next(vals); {
		case errors.Is(err, io.EOF):
			return rows.Close()
		case err == nil:
			err = f(vals)
		}
		if err != nil {
			return errors.Join(queryError(ctx, err), rows.Close())
		}
	}
}

// records runs a query and hands out its answer in Arrow records, which belong to the driver.
func (c *conn) records(ctx context.Context, sql string, files []any, f func(rec arrow.RecordBatch) error) error {
	r, err := c.arrow.QueryContext(ctx, sql, files...)
	if err != nil {
		return queryError(ctx, err)
	}
	defer r.Release()
	for r.Next() {
		if err := f(r.RecordBatch()); err != nil {
			return err
		}
	}
	return queryError(ctx, r.Err())
}

// open makes a table readable, for one scan.
func (c *conn) open(t table) (release func(), err error) {
	reader, err := array.NewRecordReader(t.schema, t.records)
	if err != nil {
		return nil, err
	}
	free, err := c.arrow.RegisterView(reader, t.name)
	if err != nil {
		reader.Release()
		return nil, err
	}
	return func() {
		_ = c.exec(context.Background(), "DROP VIEW IF EXISTS "+quoteName(t.name))
		free()
		reader.Release()
	}, nil
}

// queryError makes an interrupted query's error that of its context, and says when memory ran out.
func queryError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("query ended: %w", context.Cause(ctx))
	}
	var derr *duckdb.Error
	if errors.As(err, &derr) && derr.Type == duckdb.ErrorTypeOutOfMemory {
		return fmt.Errorf("%w: the query needs more memory than it may have: narrow the time range or the filter (%s)", store.ErrRequest, firstLine(derr.Msg))
	}
	return fmt.Errorf("duckdb: %w", err)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
