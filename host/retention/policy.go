package retention

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Policy is the table by which a host keeps events: the log standard's rows, some of them changed, and rows for types
// of its own. It does not change; a nil Policy is not usable. See [Standard] and [New].
type Policy struct {
	rows    []Row
	classes map[key]Class
	names   map[string]Class
}

type key struct{ observer, log string }

// Standard is the policy of the log standard alone.
func Standard() *Policy {
	p, err := New(nil)
	if err != nil {
		panic(err) // a test makes it
	}
	return p
}

// Error is what is wrong with a row of a policy.
type Error struct {
	Row   int    // of those given to New, from 0
	Field string // of the row: device_type, log_type, online_days or archive_years
	Msg   string
	Hint  string // what would be right
}

func (e *Error) Error() string {
	return fmt.Sprintf("row %d: %s: %s (%s)", e.Row+1, e.Field, e.Msg, e.Hint)
}

// Bounds of a row.
const (
	MaxOnlineDays   = 36500
	MaxArchiveYears = 100
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// New is the log standard's policy with rows changed or added. The device type unclassified with the log type all is
// the class of what no row has. The error is an [Error].
func New(changes []Row) (*Policy, error) {
	p := &Policy{rows: append(Rows(), Row{Unclassified.Name, All, Unclassified.OnlineDays, Unclassified.ArchiveYears})}
	seen := map[key]bool{}
	for i, r := range changes {
		fail := func(field, hint, format string, args ...any) (*Policy, error) {
			return nil, &Error{Row: i, Field: field, Msg: fmt.Sprintf(format, args...), Hint: hint}
		}
		k := key{r.ObserverType, r.LogType}
		switch {
		case !identifier.MatchString(r.ObserverType):
			return fail("device_type", "use lower-case letters, digits and underscores, as in observer.type, e.g. firewall", "%q is no device type", r.ObserverType)
		case !identifier.MatchString(r.LogType):
			return fail("log_type", "use lower-case letters, digits and underscores, as in logcenter.log_type, e.g. run_state, or all", "%q is no log type", r.LogType)
		case r.ObserverType == Unclassified.Name && r.LogType != All:
			return fail("log_type", "write all", "unclassified has no log types")
		case r.OnlineDays < 1 || r.OnlineDays > MaxOnlineDays:
			return fail("online_days", fmt.Sprintf("write 1 to %d", MaxOnlineDays), "%d days are not possible", r.OnlineDays)
		case r.ArchiveYears < 1 || r.ArchiveYears > MaxArchiveYears:
			return fail("archive_years", fmt.Sprintf("write 1 to %d", MaxArchiveYears), "%d years are not possible", r.ArchiveYears)
		case seen[k]:
			return fail("log_type", "keep one of the two rows", "there is a row for %s, %s already", r.ObserverType, r.LogType)
		}
		seen[k] = true
		at := slices.IndexFunc(p.rows, func(have Row) bool { return have.ObserverType == r.ObserverType && have.LogType == r.LogType })
		if at >= 0 {
			p.rows[at] = r
		} else {
			p.rows = append(p.rows, r)
		}
	}
	p.classes, p.names = make(map[key]Class, len(p.rows)), make(map[string]Class, len(p.rows))
	for _, r := range p.rows {
		c := r.Class()
		p.classes[key{r.ObserverType, r.LogType}], p.names[c.Name] = c, c
	}
	return p, nil
}

// Classify returns the class of an event by its observer.type and logcenter.log_type; that of unclassified events for
// what no row has, empty values included.
func (p *Policy) Classify(observerType, logType string) Class {
	if c, ok := p.classes[key{observerType, logType}]; ok && logType != All {
		return c
	}
	if c, ok := p.classes[key{observerType, All}]; ok {
		return c
	}
	return p.names[Unclassified.Name]
}

// Class is the class of that name. Partitions may be of a class that no row makes any more: it is kept as long as
// unclassified events.
func (p *Policy) Class(name string) Class {
	c, ok := p.names[name]
	if !ok {
		c = p.names[Unclassified.Name]
		c.Name = name
	}
	return c
}

// Rows is the table: the log standard's rows in its order, unclassified, then those for types of the host's own.
func (p *Policy) Rows() []Row { return slices.Clone(p.rows) }

// Changed says whether a row is another than the log standard's.
func Changed(r Row) bool {
	return !slices.Contains(standard, r) && r != Row{Unclassified.Name, All, Unclassified.OnlineDays, Unclassified.ArchiveYears}
}

// Gap is a row of the policy by which events are kept shorter than the log standard asks for.
type Gap struct {
	Row      Row
	Standard Row
}

func (g Gap) String() string {
	return fmt.Sprintf("%s, %s: %d days online and %d years in the archive, the log standard asks for %d and %d",
		g.Row.ObserverType, g.Row.LogType, g.Row.OnlineDays, g.Row.ArchiveYears, g.Standard.OnlineDays, g.Standard.ArchiveYears)
}

// Gaps are the rows that keep shorter than the log standard does.
func (p *Policy) Gaps() (gaps []Gap) {
	for i, want := range standard {
		if have := p.rows[i]; have.OnlineDays < want.OnlineDays || have.ArchiveYears < want.ArchiveYears {
			gaps = append(gaps, Gap{have, want})
		}
	}
	return gaps
}

// OldestOnline is the first day, yyyy-MM-dd in UTC, whose events of a class are still online.
func (p *Policy) OldestOnline(class string, now time.Time) string {
	return now.UTC().AddDate(0, 0, -p.Class(class).OnlineDays).Format(time.DateOnly)
}

// Archived is until when a day's events of a class are in the archive. The error is about the day.
func (p *Policy) Archived(class, day string) (until time.Time, err error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return t, err
	}
	return t.AddDate(p.Class(class).ArchiveYears, 0, 1), nil
}
