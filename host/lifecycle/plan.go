package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/host/store"
)

// Plan says what the policy costs, as measured from what is stored. Bytes a day are the average of the last full days.
type Plan struct {
	Days     int           `json:"days"` // measured; 0: nothing is stored yet
	Classes  []ClassPlan   `json:"classes"`
	Datasets []DatasetPlan `json:"datasets"`
	// What the disk with the data holds in the end, when as much goes as comes.
	OnlineBytes  int64 `json:"online_bytes"`
	ArchiveBytes int64 `json:"archive_bytes"`
	// FreeBytes of the disk with the data; DaysLeft is when it is full, -1: not within ten years.
	FreeBytes int64 `json:"free_bytes"`
	DaysLeft  int   `json:"days_left"`
	// ArchiveHere says that the archive fills the same disk.
	ArchiveHere bool     `json:"archive_here"`
	Gaps        []string `json:"gaps"` // where the policy keeps shorter than the log standard
	Notes       []string `json:"notes"`
}

// ClassPlan is a class with what it takes.
type ClassPlan struct {
	Class         string `json:"class"`
	OnlineDays    int    `json:"online_days"`
	ArchiveYears  int    `json:"archive_years"`
	Events        int64  `json:"events"` // online now
	Bytes         int64  `json:"bytes"`
	Oldest        string `json:"oldest,omitempty"` // day
	DayBytes      int64  `json:"day_bytes"`
	ArchivedBytes int64  `json:"archived_bytes"` // now
	OnlineNeed    int64  `json:"online_need"`    // in the end
	ArchiveNeed   int64  `json:"archive_need"`
}

// DatasetPlan is what a source adds.
type DatasetPlan struct {
	Dataset   string `json:"dataset"` // event.dataset; empty for events without
	Class     string `json:"class"`
	DayEvents int64  `json:"day_events"`
	DayBytes  int64  `json:"day_bytes"` // its share of the class, by events
}

// planDays are how many full days are measured at most.
const planDays = 7

// Plan measures what is stored and works out what it comes to. dir is the folder with the data, shared says that the
// archive is on the same disk.
func (k *Keeper) Plan(ctx context.Context, dir string, shared bool) (*Plan, error) {
	parts, err := k.partitions(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{ArchiveHere: shared, Classes: []ClassPlan{}, Datasets: []DatasetPlan{}, Gaps: []string{}, Notes: []string{}}
	classes := map[string]*ClassPlan{}
	class := func(name string) *ClassPlan {
		if classes[name] == nil {
			c := k.o.Policy.Class(name)
			classes[name] = &ClassPlan{Class: name, OnlineDays: c.OnlineDays, ArchiveYears: c.ArchiveYears}
		}
		return classes[name]
	}
	from, to := k.measured(parts)
	if p.Days = int(to.Sub(from) / (24 * time.Hour)); p.Days > 0 && to.After(k.o.Now()) {
		p.Notes = append(p.Notes, "only today is stored so far, so that a day is counted as what came in until now")
	}
	p.Notes = append(p.Notes, k.ahead(parts)...)
	recent := map[string]int64{} // class → events of the measured days
	for _, part := range parts {
		if part.Restored != "" {
			continue
		}
		c := class(part.Class)
		c.Events += part.Events
		c.Bytes += part.Bytes
		if c.Oldest == "" || part.Day < c.Oldest {
			c.Oldest = part.Day
		}
		if part.Day >= from.Format(time.DateOnly) && part.Day < to.Format(time.DateOnly) {
			c.DayBytes += part.Bytes
			recent[part.Class] += part.Events
		}
	}
	if a, err := k.Archive(ctx); err == nil {
		for _, part := range a.List() {
			class(part.Class).ArchivedBytes += part.Bytes()
		}
	} else if !errors.Is(err, ErrNoArchive) {
		p.Notes = append(p.Notes, err.Error())
	}
	for _, c := range classes {
		if p.Days > 0 {
			c.DayBytes /= int64(p.Days)
		}
		c.OnlineNeed = c.DayBytes * int64(c.OnlineDays+1)
		if k.o.Destination != nil {
			c.ArchiveNeed = c.DayBytes * int64(365*c.ArchiveYears)
		}
		p.OnlineBytes += c.OnlineNeed
		p.ArchiveBytes += c.ArchiveNeed
		p.Classes = append(p.Classes, *c)
	}
	slices.SortFunc(p.Classes, func(a, b ClassPlan) int {
		return cmp.Or(cmp.Compare(b.DayBytes, a.DayBytes), cmp.Compare(a.Class, b.Class))
	})
	if err := k.datasets(ctx, p, classes, recent, from, to); err != nil {
		return nil, err
	}
	for _, g := range k.o.Policy.Gaps() {
		p.Gaps = append(p.Gaps, g.String())
	}
	if k.o.Destination == nil {
		p.Gaps = append(p.Gaps, "there is no archive: events are gone after their online days, the log standard asks for 1 to 3 years")
	}
	return p, k.disk(p, dir)
}

// ahead tells of partitions of days to come.
func (k *Keeper) ahead(parts []store.Partition) []string {
	tomorrow := k.o.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly) // another clock may be a little ahead
	last, events := tomorrow, int64(0)
	for _, p := range parts {
		if p.Restored == "" && p.Day > tomorrow {
			last, events = max(last, p.Day), events+p.Events
		}
	}
	if events == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d events are of days to come, up to %s: they came in while the host's clock ran ahead, and stay until those days are over, too", events, last)}
}

// measured is the time of the full days that are measured; today if there are none.
func (k *Keeper) measured(parts []store.Partition) (from, to time.Time) {
	today := k.o.Now().UTC().Truncate(24 * time.Hour)
	oldest := ""
	for _, p := range parts {
		if p.Restored == "" && (oldest == "" || p.Day < oldest) {
			oldest = p.Day
		}
	}
	if oldest == "" {
		return today, today
	}
	from, err := time.Parse(time.DateOnly, oldest)
	if err != nil || !from.Before(today) {
		return today, today.AddDate(0, 0, 1)
	}
	if week := today.AddDate(0, 0, -planDays); from.Before(week) {
		from = week
	}
	return from, today
}

// maxSources is how many values of each level are told apart.
const maxSources = 100

// datasets shares what a class takes among its sources, by their events.
func (k *Keeper) datasets(ctx context.Context, p *Plan, classes map[string]*ClassPlan, recent map[string]int64, from, to time.Time) error {
	if p.Days == 0 {
		return nil
	}
	terms := func(field string, below ...store.Agg) store.Agg {
		return store.Agg{Kind: store.Terms, Field: field, Size: maxSources, Missing: "-", Aggs: below}
	}
	a, err := k.o.Store.Aggregate(ctx, store.Everything(), store.AggregateRequest{
		Selection: store.Selection{From: from, To: to},
		Aggs:      []store.Agg{terms("observer.type", terms("logcenter.log_type", terms("event.dataset")))},
	})
	if err != nil {
		return err
	}
	type source struct{ class, dataset string }
	events := map[source]int64{}
	text := func(b store.Bucket) string {
		if s, _ := b.Key.(string); s != "-" {
			return s
		}
		return ""
	}
	for _, device := range a.Aggs[0].Buckets {
		for _, logType := range device.Aggs[0].Buckets {
			for _, dataset := range logType.Aggs[0].Buckets {
				events[source{k.o.Policy.Classify(text(device), text(logType)).Name, text(dataset)}] += dataset.Count
			}
		}
	}
	for s, n := range events {
		d := DatasetPlan{Dataset: s.dataset, Class: s.class, DayEvents: n / int64(p.Days)}
		if c := classes[s.class]; c != nil && recent[s.class] > 0 {
			d.DayBytes = int64(float64(c.DayBytes) * min(1, float64(n)/float64(recent[s.class])))
		}
		p.Datasets = append(p.Datasets, d)
	}
	slices.SortFunc(p.Datasets, func(a, b DatasetPlan) int {
		return cmp.Or(cmp.Compare(b.DayBytes, a.DayBytes), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Dataset, b.Dataset))
	})
	return nil
}

// planFor is how far a plan looks ahead, in days.
const planFor = 3650

// disk works out when the disk with the data is full.
func (k *Keeper) disk(p *Plan, dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	p.FreeBytes = int64(fs.Bavail) * fs.Bsize
	p.DaysLeft = -1
	today := k.o.Now().UTC().Truncate(24 * time.Hour)
	age := func(c ClassPlan) int {
		t, err := time.Parse(time.DateOnly, c.Oldest)
		if err != nil {
			return 0
		}
		return int(today.Sub(t) / (24 * time.Hour))
	}
	var now int64
	for _, c := range p.Classes {
		now += c.Bytes
		if p.ArchiveHere {
			now += c.ArchivedBytes
		}
	}
	for day := 1; day <= planFor; day++ {
		var used int64
		for _, c := range p.Classes {
			online := min(age(c)+day, c.OnlineDays+1)
			used += c.Bytes + c.DayBytes*int64(max(0, online-age(c)))
			if p.ArchiveHere {
				used += c.ArchivedBytes + c.DayBytes*int64(min(max(0, age(c)+day-c.OnlineDays-1), 365*c.ArchiveYears))
			}
		}
		if used-now > p.FreeBytes {
			p.DaysLeft = day - 1
			break
		}
	}
	return nil
}
