// Package frame makes data frames of the host's answers: log lines, tables of events, alerts, explanations, dead letters,
// plugins and inputs, and the bars over log lines. It asks the host for nothing. The frames keep to Grafana's data-plane
// contract (grafana.com/developers/dataplane); those without rows have their columns all the same.
package frame

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/jsonscan"
)

// Names of fields of events that lines have apart from their labels.
const (
	timeField    = "@timestamp"
	messageField = "message"
	idField      = "event.id"
)

// Logs makes one frame of log lines (log-lines 0.0), event by event. Lines stay in the order in which they are added, which
// is to be that of the host: by time, then by event.id. Not for concurrent use.
type Logs struct {
	level string

	times  []time.Time
	bodies []string
	levels []string
	ids    []string
	labels []json.RawMessage
	types  []json.RawMessage

	seen  map[string]json.RawMessage // labelTypes by the names of a line's labels: most lines share some
	names []byte                     // reused
	buf   []byte                     // reused
	kinds []byte                     // reused
}

// NewLogs makes a frame whose severity is read from the field level, empty meaning log.level. About lines rows are expected.
func NewLogs(level string, lines int) *Logs {
	if level == "" {
		level = "log.level"
	}
	return &Logs{
		level: level, seen: map[string]json.RawMessage{},
		times: make([]time.Time, 0, lines), bodies: make([]string, 0, lines), levels: make([]string, 0, lines),
		ids: make([]string, 0, lines), labels: make([]json.RawMessage, 0, lines), types: make([]json.RawMessage, 0, lines),
	}
}

// Len is how many lines there are.
func (l *Logs) Len() int { return len(l.times) }

// Last is the time of the line added last; the zero time if there is none.
func (l *Logs) Last() time.Time {
	if len(l.times) == 0 {
		return time.Time{}
	}
	return l.times[len(l.times)-1]
}

// Drop takes back the line added last.
func (l *Logs) Drop() {
	n := len(l.times) - 1
	l.times, l.bodies, l.levels, l.ids, l.labels, l.types = l.times[:n], l.bodies[:n], l.levels[:n], l.ids[:n], l.labels[:n], l.types[:n]
}

// IDs are the event ids of all lines, in order.
func (l *Logs) IDs() []string { return l.ids }

// Add adds an event as the host sends it, a JSON object with dotted names. It keeps nothing of raw.
func (l *Logs) Add(raw []byte) error {
	var (
		at       time.Time
		body, id string
		severity = "unknown"
		labels   = append(l.buf[:0], '{')
	)
	l.names = l.names[:0]
	it := members.Scan(raw)
	for it.Next() {
		if it.Kind() == jsonscan.Null {
			continue
		}
		name := it.Path()
		switch string(name) {
		case timeField:
			var err error
			if at, err = time.Parse(time.RFC3339Nano, string(it.Value())); err != nil {
				return fmt.Errorf("the answer is not Logcenter's: @timestamp is %.60s", it.Value())
			}
			continue
		case messageField:
			body = text(it)
			continue
		case idField:
			id = text(it)
			continue
		}
		if string(name) == l.level {
			severity = level(text(it))
		}
		l.names = append(append(l.names, name...), 0)
		labels = appendLabel(labels, name, it)
	}
	if err := whole(raw, it); err != nil {
		return err
	}
	labels = append(labels, '}')
	l.buf = labels
	l.times, l.bodies, l.levels, l.ids = append(l.times, at), append(l.bodies, body), append(l.levels, severity), append(l.ids, id)
	l.labels = append(l.labels, append(make(json.RawMessage, 0, len(labels)), labels...))
	l.types = append(l.types, l.typesOf())
	return nil
}

// appendLabel adds a member to a JSON object of strings.
func appendLabel(b, name []byte, it *jsonscan.Iter) []byte {
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = append(appendQuoted(b, name), ':')
	if k := it.Kind(); k == jsonscan.Array || k == jsonscan.Object {
		return appendQuoted(b, appendPlain(nil, it))
	}
	return append(append(append(b, '"'), it.Value()...), '"') // a string with its escapes
}

// typesOf is the labelTypes of a line whose labels have the names collected.
func (l *Logs) typesOf() json.RawMessage {
	if t, ok := l.seen[string(l.names)]; ok {
		return t
	}
	b := append(l.kinds[:0], '{')
	for rest := string(l.names); rest != ""; {
		name, after, _ := strings.Cut(rest, "\x00")
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, []byte(name)), `:"`+labelType(name)+`"`...)
		rest = after
	}
	b = append(b, '}')
	l.kinds = b
	t := append(make(json.RawMessage, 0, len(b)), b...)
	if len(l.seen) < 10_000 { // lines with other names each would be remembered without end
		l.seen[string(l.names)] = t
	}
	return t
}

// sources are the beginnings of fields that say where a line is from; added are those of what Logcenter found out about it.
var (
	sources = []string{"host.", "observer.", "asset.", "event.dataset", "event.module", "log.source.", "log.file.", "agent.", "service.", "data_stream."}
	added   = []string{"logcenter.", "event.ingested", "event.created", "tags", "labels.", "error.", "threat.", "related."}
)

// labelType is what kind of label a field is, in the letters that log datasources use: I says where the line is from, S was
// added to it, P was parsed out of it.
func labelType(name string) string {
	for _, p := range sources {
		if strings.HasPrefix(name, p) {
			return "I"
		}
	}
	for _, p := range added {
		if strings.HasPrefix(name, p) {
			return "S"
		}
	}
	if strings.Contains(name, ".geo.") || strings.Contains(name, ".as.") {
		return "S"
	}
	return "P"
}

// level is Grafana's word for one of Logcenter's; other words that Grafana knows stay, the rest is unknown, for Grafana
// would guess a level from the text of the line.
func level(word string) string {
	switch w := strings.ToLower(word); w {
	case "debug", "info", "error", "critical", "trace", "warning":
		return w
	case "warn":
		return "warning"
	case "fatal":
		return "critical"
	default:
		return "unknown"
	}
}

// Custom is what a frame of lines or events says of the answer, in Meta.Custom.
type Custom struct {
	Total   *int64 `json:"total,omitempty"`   // events that the query selects in the range; nil: nobody counted
	Cursor  string `json:"cursor,omitempty"`  // of the host, for what comes next; empty: there is nothing more
	Limited bool   `json:"limited,omitempty"` // there are more than are shown
	Dropped uint64 `json:"dropped,omitempty"` // of a tail: lines that it lost since the frame before
	TookMs  int64  `json:"took_ms,omitempty"` // of the host
}

// Frame returns the frame. The builder must not be used afterwards.
func (l *Logs) Frame(c Custom, executed string, notices ...data.Notice) *data.Frame {
	f := data.NewFrame("", data.NewField("timestamp", nil, l.times), data.NewField("body", nil, l.bodies), data.NewField("severity", nil, l.levels),
		data.NewField("id", nil, l.ids), data.NewField("labels", nil, l.labels), data.NewField("labelTypes", nil, l.types))
	f.Meta = &data.FrameMeta{
		Type: data.FrameTypeLogLines, PreferredVisualization: data.VisTypeLogs, Custom: c, Notices: notices,
		ExecutedQueryString: executed, UniqueRowIDFields: []int{3},
	}
	return f
}

// Warn is a notice that something is not as a reader may think.
func Warn(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, args...)}
}

// Info is a notice of something worth knowing.
func Info(format string, args ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(format, args...)}
}
