package timestamp

import "time"

// Append appends the instant ns, nanoseconds since 1970 UTC, as yyyy-MM-dd HH:mm:ss in zone and returns
// the extended slice: the one form in which times are shown. Parts of a second are cut. A nil zone means
// UTC.
func Append(dst []byte, ns int64, zone *time.Location) []byte {
	sec := floorDiv(ns, 1_000_000_000)
	if zone != nil && zone != time.UTC {
		sec += utcOffset(sec, zone)
	}
	d := floorDiv(sec, 86400)
	year, month, day := civil(d)
	s := int(sec - d*86400)
	var b [19]byte
	put(b[0:2], year/100)
	put(b[2:4], year%100)
	put(b[5:7], month)
	put(b[8:10], day)
	put(b[11:13], s/3600)
	put(b[14:16], s/60%60)
	put(b[17:19], s%60)
	b[4], b[7], b[10], b[13], b[16] = '-', '-', ' ', ':', ':'
	return append(dst, b[:]...)
}

func put(b []byte, v int) {
	b[0], b[1] = byte('0'+v/10), byte('0'+v%10)
}
