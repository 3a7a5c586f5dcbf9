package api

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/host/store"
)

// The cursor of a page holds its time range beside the store's cursor: "the last hour" of the next page
// must be the hour of the first.

const (
	cursorVersion = 1
	maxCursor     = 64 << 10 // characters
)

func encodeCursor(from, to time.Time, inner string) string {
	if inner == "" {
		return ""
	}
	b := []byte{cursorVersion}
	b = binary.LittleEndian.AppendUint64(b, uint64(from.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(to.UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b, inner...))
}

func decodeCursor(s string) (from, to time.Time, inner string, err error) {
	b, err := decodeToken(s, cursorVersion, 16)
	if err != nil {
		return from, to, "", err
	}
	from = time.Unix(0, int64(binary.LittleEndian.Uint64(b))).UTC()
	to = time.Unix(0, int64(binary.LittleEndian.Uint64(b[8:]))).UTC()
	return from, to, string(b[16:]), nil
}

// decodeToken returns what lies behind the version in a cursor or resume token: at least least bytes.
func decodeToken(s string, version byte, least int) ([]byte, error) {
	if len(s) > maxCursor {
		return nil, fmt.Errorf("%w: it has %d characters", store.ErrCursor, len(s))
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 1+least || b[0] != version {
		return nil, fmt.Errorf("%w: %.40q is none of this host's", store.ErrCursor, s)
	}
	return b[1:], nil
}
