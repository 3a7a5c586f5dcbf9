package embedded

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// kind is the physical type of a column.
type kind uint8

const (
	kindString kind = iota + 1
	kindInt
	kindFloat
	kindBool
	kindIP   // UUID: 16 bytes that compare as unsigned big-endian, so that a network is a range
	kindTime // nanoseconds since 1970 UTC
)

// column is one column of a segment. Its name is the field's, except for those below and the two halves of a
// geo point; '#' cannot stand in a field name.
type column struct {
	Name string
	Kind kind
	List bool
}

// Columns that are no fields.
const (
	colSource    = "#source"    // journal and partition, the first part of event.id
	colOffset    = "#offset"    // event journal offset, what a snapshot is cut by
	colFlattened = "#flattened" // undeclared fields: a JSON object of arrays of strings
	colFile      = "#file"      // query only: where the row lies
	colRow       = "#row"       // query only

	suffixLat = "#lat"
	suffixLon = "#lon"
)

// Fields that the store itself reads.
var (
	fieldTime     = ecs.Timestamp.Name()
	fieldMessage  = ecs.Message.Name()
	fieldPosition = ecs.LogcenterPosition.Name()
	fieldIngested = ecs.EventIngested.Name()
	fieldObserver = ecs.ObserverType.Name()
	fieldLogType  = ecs.LogcenterLogType.Name()
	fieldID       = ecs.EventID.Name()
)

var kinds = [...]struct {
	sql   string
	arrow arrow.DataType
	width int // bytes a value, 0 for strings
	wire  wire.Type
}{
	kindString: {"VARCHAR", arrow.BinaryTypes.StringView, 0, wire.Type_STRING},
	kindInt:    {"BIGINT", arrow.PrimitiveTypes.Int64, 8, wire.Type_INT64},
	kindFloat:  {"DOUBLE", arrow.PrimitiveTypes.Float64, 8, wire.Type_DOUBLE},
	kindBool:   {"BOOLEAN", arrow.FixedWidthTypes.Boolean, 1, wire.Type_BOOL},
	kindIP:     {"UUID", &arrow.FixedSizeBinaryType{ByteWidth: 16}, 16, wire.Type_IP},
	kindTime:   {"TIMESTAMP_NS", &arrow.TimestampType{Unit: arrow.Nanosecond}, 8, wire.Type_TIMESTAMP},
}

func (c column) sqlType() string {
	if c.List {
		return kinds[c.Kind].sql + "[]"
	}
	return kinds[c.Kind].sql
}

// uuidType makes DuckDB read 16 bytes as a UUID.
var uuidType = arrow.NewMetadata([]string{"ARROW:extension:name", "ARROW:extension:metadata"}, []string{"arrow.uuid", ""})

func (c column) arrowField() arrow.Field {
	f := arrow.Field{Name: c.Name, Type: kinds[c.Kind].arrow, Nullable: true}
	if c.Kind == kindIP {
		f.Metadata = uuidType
	}
	if c.List {
		f.Name = "l"
		f = arrow.Field{Name: c.Name, Type: arrow.ListOfField(f), Nullable: true}
	}
	return f
}

// fieldKinds maps the types that have one column each.
var fieldKinds = map[ecs.Type]kind{
	ecs.Keyword: kindString, ecs.Text: kindString, ecs.Long: kindInt, ecs.Double: kindFloat,
	ecs.Boolean: kindBool, ecs.IP: kindIP, ecs.Date: kindTime,
}

// typeOfKind is the field type of a column whose field nobody declares any more.
var typeOfKind = [...]ecs.Type{
	kindString: ecs.Keyword, kindInt: ecs.Long, kindFloat: ecs.Double, kindBool: ecs.Boolean, kindIP: ecs.IP, kindTime: ecs.Date,
}

// columnsOf are the columns that hold a field.
func columnsOf(i ecs.Info) []column {
	if i.Type == ecs.GeoPoint {
		return []column{{i.Name + suffixLat, kindFloat, i.List}, {i.Name + suffixLon, kindFloat, i.List}}
	}
	return []column{{i.Name, fieldKinds[i.Type], i.List}}
}

// columnOf is the column to ask whether a field is there.
func columnOf(i ecs.Info) column { return columnsOf(i)[0] }

// quoteName quotes an SQL identifier.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// quote makes an SQL string. DuckDB knows no escapes in them but the doubled quote; a zero byte would end the
// statement.
func quote(s string) string {
	s = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.IndexByte(s, 0) >= 0 {
		s = "(" + strings.ReplaceAll(s, "\x00", "' || chr(0) || '") + ")"
	}
	return s
}
