// Package store is where finished events are kept to be searched: the interface that the embedded store
// and Elasticsearch fill, with the same answers (package storetest proves it).
//
// A store is a consumer of the event journal: the journal is its write-ahead log. What was appended is
// searchable at once and durable later; [Store.Durable] says up to which journal offset, and the host
// replays from there after a crash.
package store

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Store keeps events. All methods are safe for concurrent use, but Append has one caller.
type Store interface { //nolint:interfacebloat // each method is what some caller needs of every store
	// Append makes the rows of the batches of one journal entry searchable. Offsets ascend; an offset at or
	// below Durable or appended before is ignored, so that a replay stores nothing twice. The store copies
	// what it keeps. It waits when it cannot keep up; an error means nothing of the entry was taken, and the
	// caller may try again. Documents the store cannot hold are given to the rejected function of its options.
	Append(ctx context.Context, offset uint64, batches []*wire.Batch) error
	// Durable is the last journal offset whose events survive a crash without the journal.
	Durable() uint64
	// Flush makes all that was appended durable.
	Flush(ctx context.Context) error

	// Search returns one page of events.
	Search(ctx context.Context, s Scope, r SearchRequest) (*Page, error)
	// Aggregate computes aggregations over the events a query selects.
	Aggregate(ctx context.Context, s Scope, r AggregateRequest) (*AggregateResult, error)
	// Fields lists the fields that occur in the selected events, sorted by name.
	Fields(ctx context.Context, s Scope, sel Selection) ([]FieldInfo, error)
	// FieldStats describes the values of one field in the selected events.
	FieldStats(ctx context.Context, s Scope, r FieldStatsRequest) (*FieldStats, error)
	// Scan hands out all selected events of one snapshot, oldest partition first, in batches whose memory is
	// valid until the next step. Resume goes on behind the token of a batch seen before, in the same order.
	Scan(ctx context.Context, s Scope, r ScanRequest) iter.Seq2[ScanBatch, error]

	// Partitions lists what can be dropped as a whole.
	Partitions(ctx context.Context) ([]Partition, error)
	// DropPartition removes a partition's events for good; running queries keep their snapshot.
	DropPartition(ctx context.Context, id string) error
	// Import begins to bring back events that were stored before, in an archive or in another store. Only one import
	// of a partition is on its way at a time; one that is there already is ErrExists.
	Import(ctx context.Context, r ImportRequest) (Import, error)
	// Adopt says that the events of all entries up to an offset of the event journal are here by imports: Durable is
	// at least the offset when it returns, and what Append is given at or below it is ignored.
	Adopt(ctx context.Context, offset uint64) error
	// Stats is a snapshot for metrics and the API.
	Stats() Stats
	// Close flushes and releases everything.
	Close() error
}

// Errors that callers tell apart with errors.Is.
var (
	ErrClosed = errors.New("store is closed")
	// ErrUnavailable means that the store lies elsewhere and does not work there; its text says what an admin can do.
	ErrUnavailable = errors.New("store is not available")
	// ErrCursor means that a cursor or scan token is malformed or its snapshot is gone.
	ErrCursor = errors.New("cursor is not valid any more")
	// ErrTooManyBuckets means that an aggregation would exceed MaxBuckets.
	ErrTooManyBuckets = errors.New("too many buckets")
	// ErrRequest wraps what is wrong with a request; its text is for the analyst.
	ErrRequest = errors.New("bad request")
	// ErrExists means that an import's partition has events already, or that they are being imported.
	ErrExists = errors.New("the partition is there already")
)

// Limits on requests.
const (
	MaxPage    = 10000 // rows a page
	MaxBuckets = 65536 // buckets an aggregation, all levels together
	MaxDepth   = 8     // levels of nested aggregations
)

// Scope is what a caller may see. The zero value sees nothing.
type Scope struct {
	all    bool
	filter query.Node
}

// Everything is the scope of admins and of the host itself.
func Everything() Scope { return Scope{all: true} }

// Limited is the scope of what a query selects.
func Limited(n query.Node) Scope { return Scope{filter: n} }

// Narrow returns a query that selects what n selects within the scope; nil selects nothing.
// A nil n selects everything.
func (s Scope) Narrow(n query.Node) query.Node {
	if n == nil {
		n = &query.All{}
	}
	switch {
	case s.all:
		return n
	case s.filter == nil:
		return nil
	default:
		return &query.And{Nodes: []query.Node{s.filter, n}}
	}
}

// Selection says which events a request is about.
type Selection struct {
	Query    query.Node // nil: all
	From, To time.Time  // @timestamp in [From, To); both are required
}

// SearchRequest asks for one page.
type SearchRequest struct {
	Selection
	Limit       int      // rows, 1 to MaxPage; 0 means 100
	OldestFirst bool     // default is newest first
	Cursor      string   // of the page before; its query, range and order must be the same
	Fields      []string // only these; empty means all
	Count       bool     // also count all matches exactly
}

// Page is one page of a search, in the order of (@timestamp, event.id); see [EventID] for the order of ids.
type Page struct {
	Events []Event
	Total  int64  // all matches in the snapshot if Count was asked for, else -1
	Cursor string // for the next page; empty: there is none. It pages through the snapshot of the first page, without what came later
	// Notices tell what a reader must know of the answer, e.g. that a part was cut.
	Notices []string
}

// Event is one stored event for people and JSON: values by dotted field name, of type string, int64, float64,
// bool, time.Time, netip.Addr, GeoPoint or []any of these. It always has event.id and @timestamp.
type Event map[string]any

// GeoPoint is a place in degrees.
type GeoPoint struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// AggKind names an aggregation.
type AggKind string

// The aggregations. Those above the line make buckets and can be nested.
const (
	Terms         AggKind = "terms"          // top Size values of Field by count, ties by value
	DateHistogram AggKind = "date_histogram" // Interval of Field (@timestamp if empty) in TimeZone
	Histogram     AggKind = "histogram"      // numeric Field by Width
	Ranges        AggKind = "ranges"         // numeric Field by Ranges
	GeoTile       AggKind = "geotile"        // top Size tiles of a map at Zoom by count, ties by x, then by y; of a geo_point Field
	// ---
	Count       AggKind = "count"       // events, or values of Field
	Distinct    AggKind = "distinct"    // different values of Field; where they are not exact, the answer says so
	Min         AggKind = "min"         //
	Max         AggKind = "max"         //
	Avg         AggKind = "avg"         //
	Sum         AggKind = "sum"         //
	Percentiles AggKind = "percentiles" // of numeric Field at Percents, linear interpolation
)

// Agg is one aggregation. On list fields every element counts, one that an event has twice once. Counts of buckets
// are events.
type Agg struct {
	Name     string  // in the answer; unique among siblings; empty means kind or kind(field)
	Kind     AggKind //
	Field    string  //
	Size     int     // Terms: 0 means 10; GeoTile: 0 means DefaultTiles
	Missing  string  // Terms: if set, events without the field count under this key
	Interval string  // DateHistogram: a number and s, m, h, d, w or M, e.g. 5m; days and more follow the TimeZone; weeks start on Monday
	TimeZone string  // DateHistogram: IANA name, empty means UTC
	Width    float64 // Histogram
	Zoom     int     // GeoTile: 0 to MaxZoom
	Ranges   []Range // Ranges
	Percents []float64
	Empty    bool // histograms: also buckets without events between the first and the last (DateHistogram: over the whole selection)
	Aggs     []Agg
}

// Range is [From, To); a nil bound is open.
type Range struct {
	Key      string // empty means "from-to"
	From, To *float64
}

// AggregateRequest asks for aggregations side by side.
type AggregateRequest struct {
	Selection
	Aggs []Agg
}

// AggregateResult has one AggResult for each Agg asked for, in order.
type AggregateResult struct {
	Total   int64 // events selected
	Aggs    []AggResult
	Notices []string
}

// AggResult is the answer to one Agg.
type AggResult struct {
	Name    string
	Kind    AggKind
	Value   *float64  // single values; of dates in milliseconds since 1970 UTC. Of no values Count, Distinct and Sum are 0, the others nil
	Values  []float64 // Percentiles, in the order asked for; NaN when there was nothing
	Buckets []Bucket
	Other   int64 // Terms and GeoTile: events in values that did not make it into Size
}

// Bucket is one group of events.
type Bucket struct {
	Key    any // string, int64, float64, bool, netip.Addr or time.Time (start of the interval)
	Text   string
	Count  int64
	Center *GeoPoint // GeoTile: the mean of the latitudes and that of the longitudes of the places in it, see LatStep
	Aggs   []AggResult
}

// FieldInfo describes a field that occurs.
type FieldInfo struct {
	Name     string
	Type     string // as in package ecs; "flattened" for undeclared ones
	List     bool
	Declared bool
	Count    int64 // events that have it
}

// FieldStatsRequest asks for the values of one field.
type FieldStatsRequest struct {
	Selection
	Field string
	Size  int // top values; 0 means 10
}

// FieldStats describes the values of one field.
type FieldStats struct {
	Field    string
	Type     string
	Count    int64 // events that have it
	Missing  int64 // events that do not
	Distinct int64
	Top      []Bucket
	Min, Max any // for numbers, dates and IPs
}

// ScanRequest asks for everything.
type ScanRequest struct {
	Selection
	Partition string   // only the events of the partition with this ID; empty means all. With it From and To may be zero, which is all times
	Resume    string   // token of the last batch seen; empty starts
	Fields    []string // only these; empty means all
	// Settled leaves out what is not durable yet, where making it so would cost something: for many scans one after the other.
	Settled bool
}

// Whole is the request's selection with the range that a scan of one partition may leave out.
func (r ScanRequest) Whole() Selection {
	sel := r.Selection
	if r.Partition != "" && sel.From.IsZero() && sel.To.IsZero() {
		sel.From, sel.To = time.Unix(0, math.MinInt64).UTC(), time.Unix(0, math.MaxInt64).UTC()
	}
	return sel
}

// ScanBatch is one step of a scan. Batch holds finished events as the pipeline makes them: message PLAIN,
// @timestamp, logcenter.position, and the other columns; strings are PLAIN or DICT.
type ScanBatch struct {
	Batch *wire.Batch
	Token string // to resume behind this batch
	Done  int64  // events handed out so far, this batch included
	Total int64  // events in segments and tail that the scan will look at, matching or not; for progress
}

// Partition is retention class by day of event.ingested, or such a partition of a restore, which is one of its own.
type Partition struct {
	ID       string // e.g. firewall.attack/2026-11-21, of a restored one restored.audit-7/firewall.attack/2026-11-21
	Class    string
	Day      string // yyyy-MM-dd, UTC
	Events   int64
	Bytes    int64 // on disk
	RawBytes int64 // of message
	From, To time.Time
	Restored string    // name of the restore that brought it; empty: the store's own
	Expires  time.Time // when a restored one may go; zero otherwise
}

// Rejection says that a row could not be kept. Stores tell the rejected function of their options.
type Rejection struct {
	Offset uint64 // event journal
	Source string // see [EventID.Source]
	Row    int    // of the batch
	Reason string
	Event  Event // the row as it was given; nil where the batch cannot be read
}

// Rejections are those of all rows of a batch that a store cannot keep.
func Rejections(offset uint64, b *wire.Batch, err error) []Rejection {
	readable := b.Validate(uint32(ecs.Message)) == nil
	out := make([]Rejection, b.Rows)
	for row := range out {
		out[row] = Rejection{Offset: offset, Source: EventID{Journal: b.Journal, Partition: b.Partition}.Source(), Row: row, Reason: err.Error()}
		if readable {
			out[row].Event = EventAt(b, row)
		}
	}
	return out
}

// Stats describes a store at one moment.
type Stats struct {
	Kind         string
	Events       int64
	Bytes        int64 // on disk
	RawBytes     int64
	Appended     uint64 // last journal offset appended
	Durable      uint64
	TailEvents   int64 // searchable, not yet in segments
	TailBytes    int64
	Segments     int
	Rejected     int64
	LastFlush    time.Time
	FlushSeconds float64
	Err          string // why writes fail at the moment, empty when they do not

	// Answers of segments that are kept for questions that come again, of a store that does so.
	PartialBytes int64
	PartialsUsed int64 // so far
	PartialsMade int64 // so far
}
