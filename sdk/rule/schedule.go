package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// Schedule says when a rule watches. It is asked with the events' own times, so that a replay decides alike.
type Schedule struct {
	// When is inside or outside the hours below.
	When string `yaml:"when" default:"inside" enum:"inside,outside"`
	// Timezone is the IANA zone of hours, days and holidays.
	Timezone string `yaml:"timezone" default:"Asia/Shanghai"`
	// Days are the days of work.
	Days []string `yaml:"days" default:"mon,tue,wed,thu,fri" enum:"mon,tue,wed,thu,fri,sat,sun"`
	// From is when a day's hours begin, as 09:00.
	From string `yaml:"from" default:"00:00"`
	// To is when they end, as 18:00; 24:00 is midnight. What is before from is on the next day: 22:00 to 06:00.
	To string `yaml:"to" default:"24:00"`
	// Holidays are days without hours: 2026-10-01, or 2026-10-01/2026-10-07 for all of them.
	Holidays []string `yaml:"holidays"`
	// Workdays have hours although days or holidays say otherwise, such as the Sunday that is worked for a holiday.
	Workdays []string `yaml:"workdays"`
	// Maintenance are times in which the rule does not watch, whatever the hours say.
	Maintenance []Maintenance `yaml:"maintenance"`
}

// Maintenance is a time in which a rule does not watch.
type Maintenance struct {
	// From is when it begins, as 2026-10-17T22:00, in the schedule's zone.
	From string `yaml:"from" required:"true"`
	// To is when it ends.
	To string `yaml:"to" required:"true"`
	// Reason is what for.
	Reason string `yaml:"reason" required:"true"`
}

// Calendar is a schedule made ready. It does not change, and is safe for concurrent use.
type Calendar struct {
	outside     bool
	zone        *time.Location
	days        [7]bool
	from, to    int // minutes of the day; to may be behind 24:00
	holidays    map[int]bool
	workdays    map[int]bool
	maintenance []span
}

type span struct{ from, to int64 } // ns since 1970, to excluded

// mostDays bounds a range of holidays.
const mostDays = 366

// Compile makes a schedule ready. Errors are of package schema, with paths below the schedule.
func (s *Schedule) Compile() (*Calendar, error) {
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil || s.Timezone == "" || s.Timezone == "Local" {
		return nil, wrong("timezone", fmt.Sprintf("%q is no time zone", s.Timezone), "an IANA name such as Asia/Shanghai or UTC")
	}
	c := &Calendar{outside: s.When == "outside", zone: zone}
	for _, d := range s.Days {
		c.days[slices.Index(weekdays, d)] = true
	}
	if c.from, err = minutes("from", s.From); err != nil {
		return nil, err
	}
	if c.to, err = minutes("to", s.To); err != nil {
		return nil, err
	}
	if c.from == c.to || c.from == 24*60 {
		return nil, wrong("to", fmt.Sprintf("%s to %s is no time", s.From, s.To), "00:00 to 24:00 is the whole day")
	}
	if c.to < c.from {
		c.to += 24 * 60
	}
	if c.holidays, err = days("holidays", s.Holidays); err != nil {
		return nil, err
	}
	if c.workdays, err = days("workdays", s.Workdays); err != nil {
		return nil, err
	}
	for i, m := range s.Maintenance {
		path := schema.Index("maintenance", i)
		from, err := time.ParseInLocation("2006-01-02T15:04", m.From, zone)
		if err != nil {
			return nil, wrong(path+".from", fmt.Sprintf("%q is no time", m.From), "such as 2026-10-17T22:00")
		}
		to, err := time.ParseInLocation("2006-01-02T15:04", m.To, zone)
		if err != nil {
			return nil, wrong(path+".to", fmt.Sprintf("%q is no time", m.To), "such as 2026-10-18T04:00")
		}
		if !from.Before(to) {
			return nil, wrong(path+".to", "is not behind from", "")
		}
		c.maintenance = append(c.maintenance, span{from.UnixNano(), to.UnixNano()})
	}
	return c, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func minutes(path, s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, wrong(path, fmt.Sprintf("%q is no time of a day", s), "such as 09:00")
	}
	return t.Hour()*60 + t.Minute(), nil
}

// days are dates by their number since 1970.
func days(path string, list []string) (map[int]bool, error) {
	out := map[int]bool{}
	for i, s := range list {
		first, last, several := strings.Cut(s, "/")
		if !several {
			last = first
		}
		from, err := time.Parse(time.DateOnly, first)
		to, err2 := time.Parse(time.DateOnly, last)
		n := int(to.Sub(from)/(24*time.Hour)) + 1
		if err != nil || err2 != nil || n < 1 || n > mostDays {
			return nil, wrong(schema.Index(path, i), fmt.Sprintf("%q is no day", s), "such as 2026-10-01, or 2026-10-01/2026-10-07")
		}
		for k := range n {
			out[dayOf(from)+k] = true
		}
	}
	return out, nil
}

// dayOf numbers the date that a time shows in its own zone.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Watches says whether the rule watches at a time, in ns since 1970. A nil calendar always does. It allocates nothing.
func (c *Calendar) Watches(ns int64) bool {
	if c == nil {
		return true
	}
	for _, m := range c.maintenance {
		if ns >= m.from && ns < m.to {
			return false
		}
	}
	return c.hours(ns) != c.outside
}

// hours says whether a time is in the hours of a day of work.
func (c *Calendar) hours(ns int64) bool {
	t := time.Unix(0, ns).In(c.zone)
	day, minute := dayOf(t), t.Hour()*60+t.Minute()
	if minute >= c.from && minute < c.to && c.works(day) {
		return true
	}
	return c.to > 24*60 && minute < c.to-24*60 && c.works(day-1) // the night behind the day before
}

func (c *Calendar) works(day int) bool {
	if c.workdays[day] {
		return true
	}
	return c.days[((day+4)%7+7)%7] && !c.holidays[day] // 1970-01-01 was a Thursday
}

// lookAhead bounds how far Next looks.
const lookAhead = 62 * 24 * time.Hour

// Next is the first time at or behind one at which the rule watches, in steps of a minute; false if there is none within two
// months.
func (c *Calendar) Next(ns int64) (int64, bool) {
	if c.Watches(ns) {
		return ns, true
	}
	const step = int64(time.Minute)
	for at := ns - ns%step + step; at < ns+int64(lookAhead); at += step {
		if c.Watches(at) {
			return at, true
		}
	}
	return 0, false
}
