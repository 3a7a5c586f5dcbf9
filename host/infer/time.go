package infer

import (
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// stamp is where @timestamp comes from in a body.
type stamp struct {
	whole       *column
	layout      string
	date, clock *column
}

func (s *stamp) is(c *column) bool { return c == s.whole || c == s.date || c == s.clock }

func (s *stamp) field(c *column) Field {
	switch c {
	case s.date:
		return Field{As: AsDate, Name: meansTime, Layout: s.layout, Type: ecs.Date}
	case s.clock:
		return Field{As: AsClock, Name: meansTime, Layout: s.layout, Type: ecs.Date}
	}
	return Field{As: AsTime, Name: meansTime, Layout: s.layout, Type: ecs.Date}
}

// chooseTime finds the column, or the two, that say when an event happened. A time that says its zone is better than
// one that does not, a name that means the event's own time better than any other, and the first one better than the next.
func (m *mapper) chooseTime(list []*column) *stamp {
	best, worth := &stamp{}, 0
	offer := func(s *stamp, points int) {
		if zoneless(s.layout) {
			points--
		}
		if points > worth {
			best, worth = s, points
		}
	}
	lines := 0
	for _, c := range list {
		lines = max(lines, len(c.lines))
	}
	for i, c := range list {
		if len(c.lines)*2 < lines {
			continue // in a few lines only
		}
		means := meaning(c.key)
		if layout, ok := c.layout(); ok && (c.kind == instant || means == meansTime || means == "event.start") {
			switch {
			case means == meansTime && !strings.Contains(c.key, "."):
				offer(&stamp{whole: c, layout: layout}, 8)
			case means == meansTime:
				offer(&stamp{whole: c, layout: layout}, 6)
			case means == "event.start" || means == "event.created":
				offer(&stamp{whole: c, layout: layout}, 2)
			case c.kind == instant && means == "":
				offer(&stamp{whole: c, layout: layout}, 4)
			}
		}
		if c.kind != dateOnly {
			continue
		}
		for _, d := range list[i+1:] {
			if d.kind != clockOnly || meaning(d.key) == meansDuration {
				continue
			}
			joined := column{}
			for k := range min(len(c.values), len(d.values)) {
				joined.add(k, c.values[k]+" "+d.values[k])
			}
			if layout, ok := joined.layout(); ok {
				offer(&stamp{date: c, clock: d, layout: layout}, 7)
			}
			break
		}
	}
	if worth > 0 {
		from := ""
		if best.whole != nil {
			from = best.whole.key
		} else {
			from = best.date.key + " and " + best.clock.key
		}
		m.spec.Time = TimeSource{Found: true, Zone: m.spec.Time.Zone || zoneless(best.layout), From: from}
	}
	return best
}
