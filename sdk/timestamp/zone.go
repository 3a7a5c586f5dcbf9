package timestamp

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// Package time finds the offset of a zone by searching its transitions, which costs more than all the
// rest of reading a time. Offsets hold for months or forever, so those lately used are kept, with how
// long they hold: in a table of a fixed size, indexed by zone and half year. An entry is never changed,
// only replaced; readers need no lock, and a lost race costs one more search.

// span is how long an offset of a zone holds.
type span struct {
	zone       *time.Location // kept alive, so that its address is not used again
	offset     int64          // seconds east of UTC
	start, end int64          // UTC, seconds
	// lo and hi bound the local times that are in the span whichever way one looks at them.
	lo, hi int64
}

var spans [1 << 9]atomic.Pointer[span]

func slot(zone *time.Location, sec int64) *atomic.Pointer[span] {
	// The address is only mixed into an index.
	h := (uint64(uintptr(unsafe.Pointer(zone)))>>4 + uint64(sec>>24)) * 0x9e3779b97f4a7c15
	return &spans[h>>(64-9)]
}

// localOffset is the offset of a local time, given as if it were UTC, by the rule of time.Date: the
// offset in use at that moment of UTC, unless it leads out of its own span; then the one it leads to.
func localOffset(local int64, zone *time.Location) int64 {
	s := slot(zone, local)
	if e := s.Load(); e != nil && e.zone == zone && local >= e.lo && local < e.hi {
		return e.offset
	}
	e := lookup(local, zone)
	if local >= e.lo && local < e.hi {
		s.Store(e)
		return e.offset
	}
	if utc := local - e.offset; utc < e.start || utc >= e.end {
		e = lookup(utc, zone)
	}
	return e.offset
}

// utcOffset is the offset at an instant.
func utcOffset(sec int64, zone *time.Location) int64 {
	s := slot(zone, sec)
	e := s.Load()
	if e == nil || e.zone != zone || sec < e.start || sec >= e.end {
		e = lookup(sec, zone)
		s.Store(e)
	}
	return e.offset
}

func lookup(sec int64, zone *time.Location) *span {
	t := time.Unix(sec, 0).In(zone)
	_, offset := t.Zone()
	e := &span{zone: zone, offset: int64(offset), start: math.MinInt64 / 2, end: math.MaxInt64 / 2}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		e.start = start.Unix()
	}
	if !end.IsZero() {
		e.end = end.Unix()
	}
	e.lo, e.hi = max(e.start, e.start+e.offset), min(e.end, e.end+e.offset)
	return e
}
