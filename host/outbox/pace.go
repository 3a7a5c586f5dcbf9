package outbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pace is how a channel may be used. The zero value is at once and without end.
type Pace struct {
	Rate    Rate
	Burst   int           // alerts at once, before the rate counts; 0: as many as the rate has in its unit of time
	Timeout time.Duration // of one delivery; 0 = 10 s
	Quiet   []Quiet
	Through []string // severities of alerts that are told in quiet hours as well
}

const timeout = 10 * time.Second

func (p *Pace) timeout() time.Duration {
	if p.Timeout == 0 {
		return timeout
	}
	return p.Timeout
}

// Rate is a number of alerts in a unit of time, as 60/m. The zero value is no bound.
type Rate struct {
	Count int
	Per   time.Duration // second, minute or hour
}

// UnmarshalText reads 5/s, 60/m or 100/h.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(strings.TrimSpace(string(text)), "/")
	n, err := strconv.Atoi(number)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if err != nil || n < 1 || n > 1_000_000 || per == 0 {
		return fmt.Errorf("%.20q is no rate: write a number of alerts per s, m or h, e.g. 60/m", text)
	}
	*r = Rate{n, per}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r Rate) String() string {
	if r.Count == 0 {
		return ""
	}
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Count, unit)
}

// turn says how long the next alert must wait, and, if it need not, takes its turn. full is when all that went out before
// is made up for: the state of the generic cell rate algorithm (ITU-T I.371, its theoretical arrival time).
func (p *Pace) turn(full *time.Time, now time.Time) (wait time.Duration) {
	if p.Rate.Count == 0 {
		return 0
	}
	burst := p.Burst
	if burst == 0 {
		burst = p.Rate.Count
	}
	each := p.Rate.Per / time.Duration(p.Rate.Count)
	if full.Before(now) {
		*full = now
	}
	if wait = full.Sub(now) - time.Duration(burst-1)*each; wait > 0 {
		return wait
	}
	*full = full.Add(each)
	return 0
}

// Quiet are hours in which a channel is left alone.
type Quiet struct {
	Days     []time.Weekday // on which they begin; none is every day
	From, To time.Duration  // since midnight; To may be before From: then it is on the day after
	Location *time.Location // nil is UTC
}

// holds says whether t is in these hours.
func (q *Quiet) holds(t time.Time) bool {
	zone := q.Location
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	on := func(d time.Weekday) bool { return len(q.Days) == 0 || slices.Contains(q.Days, d) }
	if q.From < q.To {
		return on(t.Weekday()) && clock >= q.From && clock < q.To
	}
	return on(t.Weekday()) && clock >= q.From || on((t.Weekday()+6)%7) && clock < q.To
}

// quiet says whether a channel is in one of its quiet hours.
func (p *Pace) quiet(t time.Time) bool {
	return slices.ContainsFunc(p.Quiet, func(q Quiet) bool { return q.holds(t) })
}
