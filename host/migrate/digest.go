package migrate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Digest is how many events there are and a sum of the hashes of all of them, each over event.id and every field. It
// does not depend on their order.
type Digest struct {
	Events int64
	sum    [2]uint64
}

// Hash is the sum in hexadecimal.
func (d Digest) Hash() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], d.sum[0])
	binary.BigEndian.PutUint64(b[8:], d.sum[1])
	return hex.EncodeToString(b[:])
}

type digestText struct {
	Events int64  `json:"events"`
	Hash   string `json:"hash"`
}

// MarshalJSON implements [json.Marshaler].
func (d Digest) MarshalJSON() ([]byte, error) { return json.Marshal(digestText{d.Events, d.Hash()}) }

// UnmarshalJSON implements [json.Unmarshaler].
func (d *Digest) UnmarshalJSON(b []byte) error {
	var t digestText
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	sum, err := hex.DecodeString(t.Hash)
	if err != nil || len(sum) != 16 {
		return fmt.Errorf("%q is no hash of events", t.Hash)
	}
	*d = Digest{t.Events, [2]uint64{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}}
	return nil
}

// add takes the events of a batch in.
func (d *Digest) add(b *wire.Batch) {
	var buf []byte
	for row := range int(b.Rows) {
		buf = appendEvent(buf[:0], store.EventAt(b, row))
		h := sha256.Sum256(buf)
		d.sum[0] += binary.BigEndian.Uint64(h[:])
		d.sum[1] += binary.BigEndian.Uint64(h[8:])
		d.Events++
	}
}

// appendEvent renders an event so that two are equal where all their values are. Numbers that no store can be asked
// for, NaN and the infinities, are left out with their field: not every store keeps them.
func appendEvent(dst []byte, ev store.Event) []byte {
	for _, name := range slices.Sorted(maps.Keys(ev)) {
		vals, list := ev[name].([]any)
		if !list {
			vals = []any{ev[name]}
		}
		if len(vals) == 0 || slices.ContainsFunc(vals, strange) {
			continue
		}
		dst = appendText(dst, name)
		dst = binary.AppendUvarint(dst, uint64(len(vals)))
		for _, v := range vals {
			dst = appendText(dst, valueText(v))
		}
	}
	return dst
}

func strange(v any) bool {
	f, ok := v.(float64)
	return ok && (math.IsNaN(f) || math.IsInf(f, 0))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return strconv.FormatInt(v.UnixNano(), 10)
	case netip.Addr:
		return v.Unmap().String()
	case store.GeoPoint:
		return fmt.Sprintf("%g,%g", v.Lat, v.Lon)
	default:
		return fmt.Sprint(v)
	}
}

func byPartition(a, b Row) int { return cmp.Compare(a.Partition, b.Partition) }
