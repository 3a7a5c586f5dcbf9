package loadgen

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/rule"
)

// Written is a line, when it was written, and by whom.
type Written struct {
	At     time.Time
	Sender string // address and port
	Input  string // that it comes by, where a parser knows its lines by it; else empty
	Line   []byte
	Fields map[string]any // of an event that is no line; nil for one that is
}

// OfficeOptions say which ordinary days are made. The zero value is one day.
type OfficeOptions struct {
	Seed  uint64    // equal options make equal lines
	Start time.Time // of the first day; zero is 2026-10-12 00:00 +08:00, a Monday. Device clocks show UTC.
	Days  int       // zero is one
}

// Office makes the ordinary days of a bank on all its kinds of devices, in the order of time: people who log in, mistype
// and log in again, administrators at work, jobs at night, scans of the internet that firewalls stop, a server that is
// restarted. Nothing in it is an attack that somebody should be called for. Lines are the caller's.
func Office(o OfficeOptions) iter.Seq[Written] {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 10, 12, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	}
	return func(yield func(Written) bool) {
		c := &clerk{rnd: newRandom(o.Seed)}
		for day := range max(1, o.Days) {
			list := c.day(o.Start.AddDate(0, 0, day))
			slices.SortStableFunc(list, func(a, b Written) int { return a.At.Compare(b.At) })
			for _, w := range list {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// part is when in the day a habit is had.
type part uint8

const (
	always  part = iota
	byDay        // 08:30 to 18:30, on days of work ten times as often as at the weekend
	atNight      // 01:00 to 05:00
)

// habit is something that happens so many times a day.
type habit struct {
	times  uint32
	part   part
	sender string
	acts   []act
}

// act is a line of a habit, a while behind the one before. In a template, {user}, {admin}, {client}, {server}, {outside}, {home}, {app},
// {port} and {k} are drawn once for all lines of a habit; times and {n} are as in examples of rules.
type act struct {
	after  time.Duration
	line   string
	chance uint32 // that it happens, in percent; 0 is always
}

// clerk makes days.
type clerk struct {
	rnd  random
	list []Written
}

func (c *clerk) day(start time.Time) []Written {
	c.list = nil
	work := start.Weekday() != time.Saturday && start.Weekday() != time.Sunday
	for i := range habits {
		h := &habits[i]
		n := h.times
		if h.part == byDay && !work {
			n /= 10
		}
		for range n {
			c.have(h, start)
		}
	}
	return c.list
}

// have plays a habit once.
func (c *clerk) have(h *habit, day time.Time) {
	from, span := time.Duration(0), 24*time.Hour
	switch h.part {
	case byDay:
		from, span = 8*time.Hour+30*time.Minute, 10*time.Hour
	case atNight:
		from, span = time.Hour, 4*time.Hour
	}
	at := day.Add(from + time.Duration(c.rnd.below64(uint64(span))))
	names := c.names()
	for n, a := range h.acts {
		at = at.Add(a.after)
		if a.chance > 0 && !c.rnd.percent(a.chance) {
			continue
		}
		c.list = append(c.list, Written{At: at, Sender: h.sender, Line: []byte(rule.Expand(names.Replace(a.line), n, at))})
	}
}

// names draws who and what a habit is about.
func (c *clerk) names() *strings.Replacer {
	k := c.rnd.below(1 << 20)
	user := pick(&c.rnd, surnames[:]) + "." + pick(&c.rnd, givenNames[:])
	client := "10.16." + strconv.Itoa(int(c.rnd.below(12))) + "." + strconv.Itoa(int(c.rnd.between(2, 250)))
	return strings.NewReplacer(
		"{user}", user, "{client}", client, "{k}", strconv.Itoa(int(k)),
		"{admin}", [...]string{"anna", "m.keller", "netadmin"}[c.rnd.below(3)],
		"{server}", "10.2.0."+strconv.Itoa(int(c.rnd.between(10, 60))),
		"{outside}", [...]string{"192.0.2.", "198.51.100.", "203.0.113."}[c.rnd.below(3)]+strconv.Itoa(int(c.rnd.between(1, 254))),
		"{home}", "192.0.2."+strconv.Itoa(int(c.rnd.between(100, 250))),
		"{app}", "app-"+pair(c.rnd.between(1, 30)), "{port}", strconv.Itoa(int(c.rnd.between(32768, 60999))),
	)
}
