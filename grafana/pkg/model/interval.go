package model

import "time"

// steps are the intervals that a person would choose.
var steps = []Span{
	{1, 's'},
	{2, 's'},
	{5, 's'},
	{10, 's'},
	{15, 's'},
	{30, 's'},
	{1, 'm'},
	{2, 'm'},
	{5, 'm'},
	{10, 'm'},
	{15, 'm'},
	{30, 'm'},
	{1, 'h'},
	{2, 'h'},
	{3, 'h'},
	{6, 'h'},
	{12, 'h'},
	{1, 'd'},
	{2, 'd'},
	{1, 'w'},
	{2, 'w'},
	{4, 'w'},
	{12, 'w'},
	{24, 'w'},
	{52, 'w'},
}

// Interval is the shortest of the usual intervals, from a second, that is at least d.
func Interval(d time.Duration) Span {
	for _, s := range steps {
		if s.Duration() >= d {
			return s
		}
	}
	last := steps[len(steps)-1]
	last.N = min(last.N*int((d+last.Duration()-1)/last.Duration()), maxSpans[last.Unit])
	return last
}

// IntervalOf is the shortest of the usual intervals that is at least least and cuts a range into at most points buckets, the
// one that the range begins in included.
func IntervalOf(length, least time.Duration, points int64) Span {
	if points > 1 {
		points--
	}
	return Interval(max(least, (length+time.Duration(points)-1)/time.Duration(max(1, points))))
}
