package wire_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/wire"
)

// messageID is the message field of the tests.
const messageID = 1

// sheet is what a column should hold, told naively: the elements of every row as text, nil for no value.
type sheet [][]string

var words = []string{"", "a", "deny", "登录失败", "10.0.0.1", "é", "x=1 y=\"2\"", "🔒", strings.Repeat("长", 40)}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// text is a random line; some are too long for narrow spans.
func text(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(pick(r, words))
	}
	if r.IntN(40) == 0 {
		b.WriteString(strings.Repeat("wide ", 14000))
		b.WriteString(pick(r, words))
	}
	return b.String()
}

// lines makes a message column. Its first offset need not be 0.
func lines(ls []string) *wire.Column {
	var offsets, data []byte
	data = append(data, "front"...)
	offsets = append(offsets, le32(len(data))...)
	for _, l := range ls {
		data = append(append(data, l...), '\n')
		offsets = append(offsets, le32(len(data))...)
	}
	return &wire.Column{Field: messageID, Type: wire.Type_STRING, Count: uint32(len(ls)), Values: offsets, Data: data, Separator: 1}
}

func le32(vs ...int) (b []byte) {
	for _, v := range vs {
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	return b
}

// element is the text of one element of a column, whatever its type, with the range of the line it was made from.
func element(c *wire.Column, k, row int, message *wire.Column) string {
	switch c.Type {
	case wire.Type_STRING:
		v := string(c.Text(k, row, message))
		if from, to := origin(c, k); to > 0 {
			v += fmt.Sprintf("@%d-%d", from, to)
		}
		return v
	case wire.Type_INT64:
		return fmt.Sprint(c.Int(k))
	case wire.Type_DOUBLE:
		return fmt.Sprint(c.Float(k))
	case wire.Type_BOOL:
		return fmt.Sprint(c.Bool(k))
	case wire.Type_IP:
		return netip.AddrFrom16([16]byte(c.IP16(k))).Unmap().String()
	case wire.Type_TIMESTAMP:
		return fmt.Sprint("t", c.Nanos(k))
	default:
		lat, lon := c.Point(k)
		return fmt.Sprint(lat, ",", lon)
	}
}

func origin(c *wire.Column, k int) (from, to int) {
	if c.Encoding == wire.Encoding_SPAN {
		from, n := c.Span(k)
		return from, from + n
	}
	if c.Encoding == wire.Encoding_DICT {
		return 0, 0
	}
	return c.OriginOf(k)
}

// read tells a column of so many rows by its accessors; nil is a column without values.
func read(c *wire.Column, rows int, message *wire.Column) sheet {
	s := make(sheet, rows)
	if c == nil {
		return s
	}
	var u wire.Cursor
	var ranks wire.Ranks
	ranks.Reset(c)
	for row := range rows {
		k := u.At(c, row)
		if (k >= 0) != c.Has(row) || k >= 0 && k != c.Rank(row) || ranks.At(row) != k {
			panic(fmt.Sprintf("row %d: Cursor %d, Ranks %d, Has %v, Rank %d", row, k, ranks.At(row), c.Has(row), c.Rank(row)))
		}
		if k < 0 {
			continue
		}
		if len(c.Lists) == 0 {
			s[row] = []string{element(c, k, row, message)}
			continue
		}
		s[row] = []string{}
		for from, to := c.List(k); from < to; from++ {
			s[row] = append(s[row], element(c, from, row, message))
		}
	}
	return s
}

// shape is what a random column is like.
type shape struct {
	typ      wire.Type
	list     bool
	fill     int // percent of rows with a value
	mix      []string
	wideInts bool
}

var types = []wire.Type{
	wire.Type_STRING, wire.Type_STRING, wire.Type_STRING, wire.Type_INT64, wire.Type_DOUBLE, wire.Type_BOOL,
	wire.Type_IP, wire.Type_TIMESTAMP, wire.Type_GEO,
}

func anyShape(r *rand.Rand, list bool) shape {
	return shape{
		typ: pick(r, types), list: list, fill: pick(r, []int{3, 50, 97, 100}), wideInts: r.IntN(2) == 0,
		mix: pick(r, [][]string{{"span"}, {"copy"}, {"dict"}, {"span", "copy"}, {"span", "dict"}, {"copy", "dict", "span", "copyof"}, {"copyof"}}),
	}
}

// build fills a builder at random and tells what should be there. Values are set again and undone on the way.
func build(r *rand.Rand, b *wire.Builder, s shape, ls []string, message *wire.Column) (*wire.Column, sheet) {
	b.Reset(s.typ, s.list, len(ls), message, nil)
	want := make(sheet, len(ls))
	for row, line := range ls {
		for range 1 + r.IntN(2) {
			if r.IntN(100) >= s.fill {
				continue
			}
			v := set(r, b, s, row, line)
			if s.list {
				want[row] = append(want[row], v)
			} else {
				want[row] = []string{v}
			}
		}
		if r.IntN(20) == 0 && want[row] != nil {
			b.Undo(row)
			want[row] = nil
		}
	}
	if !b.Used() {
		return nil, want
	}
	return b.Finish(7), want
}

func set(r *rand.Rand, b *wire.Builder, s shape, row int, line string) string {
	switch s.typ {
	case wire.Type_STRING:
		return setString(r, b, pick(r, s.mix), row, line)
	case wire.Type_INT64:
		v := int64(r.IntN(2000) - 1000)
		if s.wideInts && r.IntN(30) == 0 {
			v *= 1 << 40
		}
		b.Int(row, v)
		return fmt.Sprint(v)
	case wire.Type_DOUBLE:
		v := r.Float64()
		b.Float(row, v)
		return fmt.Sprint(v)
	case wire.Type_BOOL:
		v := r.IntN(2) == 0
		b.Bool(row, v)
		return fmt.Sprint(v)
	case wire.Type_IP:
		if r.IntN(2) == 0 {
			v := netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), 0, 1})
			a := v.As4()
			b.IPv4(row, uint32(a[0])<<24|uint32(a[1])<<16|uint32(a[2])<<8|uint32(a[3]))
			return v.String()
		}
		v := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(r.IntN(256))})
		b.IP(row, v.As16())
		return v.String()
	case wire.Type_TIMESTAMP:
		v := r.Int64()
		b.Nanos(row, v)
		return fmt.Sprint("t", v)
	default:
		lat, lon := r.Float64()*90, r.Float64()*180
		b.Point(row, lat, lon)
		return fmt.Sprint(lat, ",", lon)
	}
}

func setString(r *rand.Rand, b *wire.Builder, how string, row int, line string) string {
	from, to := anyRange(r, line)
	switch how {
	case "span":
		b.Span(row, from, to-from)
		return at(line[from:to], from, to)
	case "copyof":
		v := strings.ToUpper(line[from:to])
		b.Copy(row, []byte(v), from, to)
		return at(v, from, to)
	case "copy":
		v := pick(r, words)
		b.Copy(row, []byte(v), 0, 0)
		return v
	default:
		v := pick(r, words)
		if r.IntN(3) == 0 {
			v = fmt.Sprint("name", r.IntN(400))
		}
		b.Text(row, v)
		return v
	}
}

func at(v string, from, to int) string {
	if to == 0 {
		return v
	}
	return v + fmt.Sprintf("@%d-%d", from, to)
}

// anyRange is a range of whole characters.
func anyRange(r *rand.Rand, line string) (from, to int) {
	var starts []int
	for i := range line {
		starts = append(starts, i)
	}
	starts = append(starts, len(line))
	if len(starts) > 100 { // ends of long lines are what is of interest
		starts = append(starts[:20], starts[len(starts)-20:]...)
	}
	ends := []int{pick(r, starts), pick(r, starts)}
	slices.Sort(ends)
	return ends[0], ends[1]
}

// valid checks that columns make a valid batch, also after a trip over the wire.
func valid(t testing.TB, rows int, cs ...*wire.Column) {
	t.Helper()
	b := &wire.Batch{Rows: uint32(rows)}
	for _, c := range cs {
		if c != nil {
			b.Columns = append(b.Columns, c)
		}
	}
	require.NoError(t, b.Validate(messageID))
	body, err := b.MarshalVT()
	require.NoError(t, err)
	require.NoError(t, (&wire.Batch{}).UnmarshalVT(body))
}

// each runs f with many seeds; the seed is in the name of the failing one.
func each(t *testing.T, n int, f func(t *testing.T, r *rand.Rand)) {
	for seed := range uint64(n) {
		r := rand.New(rand.NewPCG(seed, 42))
		if !t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { f(t, r) }) {
			return
		}
	}
}

func anyLines(r *rand.Rand) []string {
	ls := make([]string, 1+r.IntN(150))
	for i := range ls {
		ls[i] = text(r)
	}
	return ls
}
