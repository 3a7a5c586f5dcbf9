package embedded

// timeSpan is a stretch of time in which a segment has events; between its stretches it has none. One device with
// a wrong clock makes a segment's first and last time useless: the stretches still tell where its events are.
type timeSpan struct {
	First int64 `json:"f"`
	Last  int64 `json:"l"`
	Rows  int64 `json:"n"`
}

func (t timeSpan) overlaps(from, to int64) bool { return t.Last >= from && t.First < to }

// How many stretches are known of a segment at most: of large segments more, as what times cut is a stretch.
const (
	fewSpans  = 16
	manySpans = 64
	spanRows  = 16384 // events of a stretch, about, where there may be more than few
)

// spansOf cuts times, of which least and greatest are given, into stretches in their order.
func spansOf(times []int64, least, greatest int64) []timeSpan {
	pieces := make([]timeSpan, min(max(len(times)/spanRows, fewSpans), manySpans))
	// Unsigned, for the difference may be more than the greatest integer.
	width := (uint64(greatest)-uint64(least))/uint64(len(pieces)) + 1
	for _, t := range times {
		p := &pieces[(uint64(t)-uint64(least))/width]
		if p.Rows == 0 {
			p.First, p.Last = t, t
		}
		p.First, p.Last = min(p.First, t), max(p.Last, t)
		p.Rows++
	}
	out := pieces[:0]
	for _, p := range pieces {
		if p.Rows > 0 {
			out = append(out, p)
		}
	}
	return out
}

// spans are the stretches of a segment's events.
func (g *segment) spans() []timeSpan {
	if len(g.Spans) == 0 { // written before stretches were kept
		return []timeSpan{{g.MinTime, g.MaxTime, g.Rows}}
	}
	return g.Spans
}

// during says whether the segment may have events in [from, to).
func (g *segment) during(from, to int64) bool {
	if g.MaxTime < from || g.MinTime >= to {
		return false
	}
	for _, t := range g.spans() {
		if t.overlaps(from, to) {
			return true
		}
	}
	return false
}

// excerpt is what times leave of a segment.
type excerpt struct {
	begins, ends  bool  // there are earlier events, later ones
	after, before int64 // what is left is in [after, before), where that is said
	rows          int64 // how many there are, unless it is cut
	cut           bool  // a stretch is cut in two
}

// excerpt is the part of a segment in [from, to). Where these are between stretches, it is the same wherever they are there.
func (g *segment) excerpt(from, to int64) (p excerpt) {
	for _, t := range g.spans() {
		switch {
		case t.Last < from:
			p.begins = true
			continue
		case t.First >= to:
			if !p.ends {
				p.before, p.ends = t.First, true
			}
			continue
		case t.First < from:
			p.after, p.begins, p.cut = from, true, true
		case p.begins && p.rows == 0:
			p.after = t.First
		}
		if t.Last >= to {
			p.before, p.ends, p.cut = to, true, true
		}
		p.rows += t.Rows
	}
	return p
}

// pieces are what times leave of a segment that they cut: the stretches that they contain, as one, which has no rows if there
// are none, and those that they cut.
func (g *segment) pieces(from, to int64) (whole timeSpan, cut []timeSpan) {
	for _, t := range g.spans() {
		switch {
		case !t.overlaps(from, to):
		case t.First < from || t.Last >= to:
			cut = append(cut, t)
		case whole.Rows == 0:
			whole = t
		default:
			whole.Last, whole.Rows = t.Last, whole.Rows+t.Rows
		}
	}
	return whole, cut
}
