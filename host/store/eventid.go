package store

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

// EventID is the identity of an event: where its raw line lies. As text it is
// <journal>-<partition>-<offset>-<row>, and -<ordinal> for the second and later events of one line.
// Events of equal @timestamp are ordered by their source as text, then by position as a number.
type EventID struct {
	Journal   string // id of the raw journal
	Partition uint32
	Position  int64 // offset << 24 | row << 8 | ordinal, as in the field logcenter.position
}

// journalID is the length of the ids that package journal makes. They may contain '-'.
const journalID = 22

// Position packs the place of an event in its raw journal.
func Position(offset uint64, row uint16, ordinal uint8) int64 {
	return int64(offset<<24 | uint64(row)<<8 | uint64(ordinal))
}

// Source is the part of the id that all events of one raw journal partition share.
func (e EventID) Source() string {
	return e.Journal + "-" + strconv.FormatUint(uint64(e.Partition), 10)
}

// String is the event.id.
func (e EventID) String() string { return FormatEventID(e.Source(), e.Position) }

// FormatEventID is the event.id of a position in a source, see [EventID.Source].
func FormatEventID(source string, position int64) string {
	return string(AppendEventID(make([]byte, 0, len(source)+24), source, position))
}

// AppendEventID appends what [FormatEventID] returns.
func AppendEventID(b []byte, source string, position int64) []byte {
	b = append(b, source...)
	b = append(b, '-')
	b = strconv.AppendInt(b, position>>24, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, position>>8&0xffff, 10)
	if o := position & 0xff; o != 0 {
		b = append(b, '-')
		b = strconv.AppendInt(b, o, 10)
	}
	return b
}

// ParseEventID is the reverse of [EventID.String]. A journal id of other than 22 bytes must not contain '-'.
func ParseEventID(s string) (EventID, error) {
	if len(s) > journalID && s[journalID] == '-' {
		if id, err := parseID(s[:journalID], s[journalID+1:]); err == nil {
			return id, nil
		}
	}
	if journal, rest, ok := strings.Cut(s, "-"); ok && journal != "" {
		if id, err := parseID(journal, rest); err == nil {
			return id, nil
		}
	}
	return EventID{}, fmt.Errorf("%.80q is not an event.id: want journal-partition-offset-row", s)
}

func parseID(journal, rest string) (EventID, error) {
	parts := strings.Split(rest, "-")
	if len(parts) != 3 && len(parts) != 4 {
		return EventID{}, strconv.ErrSyntax
	}
	var n [4]uint64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, [4]int{32, 39, 16, 8}[i])
		if err != nil || strconv.FormatUint(v, 10) != p || i == 3 && v == 0 {
			return EventID{}, strconv.ErrSyntax
		}
		n[i] = v
	}
	return EventID{Journal: journal, Partition: uint32(n[0]), Position: Position(n[1], uint16(n[2]), uint8(n[3]))}, nil
}

// AnyOfIDs parts alternatives, the nodes of an OR, into ids that are asked for, as they are written, and others. Stores look an
// event up among many ids, as those of evidence, at once.
func AnyOfIDs(alternatives []query.Node) (ids []string, others []query.Node) {
	for _, n := range alternatives {
		if t, ok := n.(*query.Term); ok && query.FieldName(t.Field) == ecs.EventID.Name() {
			ids = append(ids, t.Value)
		} else {
			others = append(others, n)
		}
	}
	return ids, others
}
