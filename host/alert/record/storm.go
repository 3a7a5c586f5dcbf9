package record

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

const (
	// RuleStorm is the rule of summaries.
	RuleStorm = "logcenter.storm"
	// urgent alerts are told even when there are too many of all rules together: noise must not hide them. A storm of
	// their own rule holds them as any.
	urgentPriority = 1
	// maxChannelSets is how many summaries a storm may need at once, one for each list of channels that its alerts
	// would have gone to; the rest goes by the admin's routes.
	maxChannelSets = 20
	summedAtOnce   = 100_000 // alerts that one summary looks at; the next one goes on behind them
	summedKeys     = 5       // most frequent ones that a summary names
)

// storm is the storm that holds an alert back; 0 if it is told by itself. What was told lately is counted in the records
// themselves, so that a crash changes nothing.
func (r *raising) storm(a *wire.Alert) (id int64, err error) {
	if id, err = r.within(a, a.Rule, r.l.o.PerRule); id != 0 || err != nil {
		return id, err
	}
	if severityOf(a) == len(ecs.Severities)-1 || a.Priority == urgentPriority {
		return 0, nil
	}
	return r.within(a, "", r.l.o.Together)
}

// within finds the storm of a rule, or of all of them together, or begins it with this alert.
func (r *raising) within(a *wire.Alert, rule string, most int) (id int64, err error) {
	if most < 0 {
		return 0, nil
	}
	err = r.tx.QueryRowContext(r.ctx, "SELECT id FROM record_storm WHERE rule = ? AND ended IS NULL", rule).Scan(&id)
	if err == nil {
		return id, r.exec("UPDATE record_storm SET held = held + 1 WHERE id = ?", id)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	since, n := r.now.Add(-r.l.o.Window).UnixNano(), 0
	count := "SELECT count(*) FROM record WHERE told >= ? AND kind = '' AND told IS NOT NULL"
	args := []any{since}
	if rule != "" {
		count, args = count+" AND rule = ?", append(args, rule)
	}
	if err := r.tx.QueryRowContext(r.ctx, count, args...).Scan(&n); err != nil || n < most {
		return 0, err
	}
	done, err := r.tx.ExecContext(r.ctx, "INSERT INTO record_storm (rule, began, held, summaries, summed, due) VALUES (?, ?, 1, 1, 0, ?)",
		rule, r.now.UnixNano(), r.now.Add(r.l.o.Window).UnixNano())
	if err != nil {
		return 0, err
	}
	if id, err = done.LastInsertId(); err != nil {
		return 0, err
	}
	return id, r.summary(beginning(a, storm{id: id, rule: rule, began: r.now}, most, r.l.o.Window))
}

// storm is one as its row has it.
type storm struct {
	id        int64
	rule      string
	began     time.Time
	held      int64
	summaries int64
	summed    int64
}

// of is the summary that a storm's n-th one begins with.
func (s storm) of(n int64, channels []string, severity string) *wire.Alert {
	keys := map[string]string{}
	if s.rule != "" {
		keys["rule"] = s.rule
	}
	seed := map[string]string{"storm": strconv.FormatInt(s.id, 10), "n": strconv.FormatInt(n, 10), "channels": strings.Join(channels, ",")}
	return &wire.Alert{
		Id: sdk.AlertID(RuleStorm, seed, s.began), Kind: string(sdk.AlertSummary), Rule: RuleStorm, RuleVersion: "1", Type: "summary",
		Method: strings.Join(channels, ", "), Frequency: "continuous", Severity: severity, Priority: 3, Keys: keys, Channels: channels,
		Fields:  map[string]string{"logcenter.storm": strconv.FormatInt(s.id, 10)},
		Remarks: fmt.Sprintf("each of them is recorded: `logcenter alert list --storm %d`", s.id),
	}
}

func (s storm) who() string {
	if s.rule == "" {
		return "all rules together"
	}
	return "rule " + s.rule
}

// beginning tells that there will be summaries from now on.
func beginning(a *wire.Alert, s storm, most int, window time.Duration) *wire.Alert {
	out := s.of(1, a.Channels, a.Severity)
	out.Name = fmt.Sprintf("alert storm: %s raised more than %d alerts in %s", s.who(), most, schema.FormatDuration(window))
	out.Description = fmt.Sprintf("From now on alerts are recorded and told in one summary every %s, until there are fewer. The first of them: %s", schema.FormatDuration(window), a.Name)
	out.Priority, out.Topic, out.EventCount, out.FirstNs, out.LastNs = a.Priority, a.Topic, a.EventCount, a.FirstNs, a.LastNs
	out.Fields["alerts"] = "1"
	return out
}

func (r *raising) summary(a *wire.Alert) error {
	r.counts.summaries++
	_, err := r.put(bounded(a), row{told: true})
	return err
}

// calm tells the summaries that are due, and ends storms that are over. next is when to call it again; zero: when another
// storm has begun.
func (l *Ledger) calm(ctx context.Context) (next time.Time, err error) {
	var due []storm
	err = l.view(ctx, func(tx *sql.Tx) error {
		due, next, err = storms(ctx, tx, l.now())
		return err
	})
	if err != nil || len(due) == 0 {
		return next, err
	}
	var counts raised
	err = l.update(ctx, func(tx *sql.Tx) error {
		counts = raised{}
		now := l.now()
		if due, next, err = storms(ctx, tx, now); err != nil {
			return err
		}
		r := &raising{l: l, ctx: ctx, tx: tx, now: now, counts: &counts}
		for _, s := range due {
			at, err := r.sum(s)
			if err != nil {
				return err
			}
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		return nil
	})
	if err == nil {
		l.count(0, counts)
	}
	return next, err
}

// storms are those whose summary is due, and when that of the next one is.
func storms(ctx context.Context, tx *sql.Tx, now time.Time) (due []storm, next time.Time, err error) {
	err = each(ctx, tx, func(scan func(...any) error) error {
		var (
			s         storm
			began, at int64
		)
		if err := scan(&s.id, &s.rule, &began, &s.held, &s.summaries, &s.summed, &at); err != nil {
			return err
		}
		s.began = time.Unix(0, began).UTC()
		if at <= now.UnixNano() {
			due = append(due, s)
		} else if t := time.Unix(0, at); next.IsZero() || t.Before(next) {
			next = t
		}
		return nil
	}, "SELECT id, rule, began, held, summaries, summed, due FROM record_storm WHERE ended IS NULL ORDER BY id")
	return due, next, err
}

// held is what a summary tells of the alerts that would have gone to the same channels.
type held struct {
	channels    []string
	count       int64
	events      uint64
	severities  [len(ecs.Severities)]int64
	rules, keys map[string]int64
	priority    int32
	first, last int64
	topic       string
}

// sum tells what a storm has held since its last summary. When that was no more than would be told one by one, it is over.
func (r *raising) sum(s storm) (next time.Time, err error) {
	sets, last, n, err := r.gather(s)
	if err != nil {
		return next, err
	}
	most := r.l.o.PerRule
	if s.rule == "" {
		most = r.l.o.Together
	}
	over := n <= int64(max(most, 0)) && n < summedAtOnce
	for i, h := range sets {
		if err := r.summary(r.told(s, h, i, over)); err != nil {
			return next, err
		}
	}
	next, ended := r.now.Add(r.l.o.Window), any(nil)
	if n == summedAtOnce {
		next = r.now // there is more
	}
	if over {
		next, ended = time.Time{}, r.now.UnixNano()
	}
	due := int64(0)
	if !over {
		due = next.UnixNano()
	}
	return next, r.exec("UPDATE record_storm SET summaries = summaries + ?, summed = ?, due = ?, ended = ? WHERE id = ?", len(sets), last, due, ended, s.id)
}

// gather sorts what a storm has held since its last summary by the channels it would have gone to.
func (r *raising) gather(s storm) (sets []*held, last, n int64, err error) {
	by, last := map[string]*held{}, s.summed
	err = each(r.ctx, r.tx, func(scan func(...any) error) error {
		var (
			body []byte
			a    wire.Alert
		)
		if err := scan(&last, &body); err != nil {
			return err
		}
		if err := proto.Unmarshal(body, &a); err != nil {
			return err
		}
		n++
		name := strings.Join(a.Channels, ",")
		h := by[name]
		if h == nil {
			if len(by) == maxChannelSets {
				name, a.Channels = "", nil
			}
			if h = by[name]; h == nil {
				h = &held{channels: a.Channels, rules: map[string]int64{}, keys: map[string]int64{}, priority: a.Priority, first: a.FirstNs, topic: a.Topic}
				by[name] = h
				sets = append(sets, h)
			}
		}
		h.add(&a)
		return nil
	}, "SELECT seq, body FROM record WHERE storm = ? AND seq > ? ORDER BY seq LIMIT ?", s.id, s.summed, summedAtOnce)
	return sets, last, n, err
}

func (h *held) add(a *wire.Alert) {
	h.count++
	h.events += a.EventCount
	h.severities[severityOf(a)]++
	h.rules[a.Rule]++
	for k, v := range a.Keys {
		if len(h.keys) < 100_000 {
			h.keys[k+"="+cut(v, maxIndexed)]++
		}
	}
	h.priority = min(h.priority, a.Priority)
	h.first, h.last = min(h.first, a.FirstNs), max(h.last, a.LastNs)
	if h.topic != a.Topic {
		h.topic = ""
	}
}

// told is the summary of what was held. The i-th one of a storm has an id of its own.
func (r *raising) told(s storm, h *held, i int, over bool) *wire.Alert {
	worst := slices.IndexFunc(h.severities[:], func(n int64) bool { return n > 0 })
	var parts []string
	for at, n := range h.severities {
		if n > 0 {
			worst = at
			parts = append(parts, fmt.Sprintf("%s %d", ecs.Severities[at], n))
		}
	}
	slices.Reverse(parts)
	a := s.of(s.summaries+int64(i)+1, h.channels, string(ecs.Severities[worst]))
	a.Name = fmt.Sprintf("alert storm: %d more alerts of %s", h.count, s.who())
	if over {
		a.Name += "; it is over"
	}
	a.Description = fmt.Sprintf("%s. Most frequent: %s", strings.Join(parts, ", "), strings.Join(most(h.keys), ", "))
	if s.rule == "" {
		a.Description += ". Rules: " + strings.Join(most(h.rules), ", ")
	}
	a.Priority, a.Topic, a.EventCount, a.FirstNs, a.LastNs = h.priority, h.topic, h.events, h.first, h.last
	a.Fields["alerts"], a.Fields["over"] = strconv.FormatInt(h.count, 10), strconv.FormatBool(over)
	return a
}

// most names what occurs most often.
func most(m map[string]int64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), strings.Compare(a, b)) })
	names = names[:min(len(names), summedKeys)]
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%d)", name, m[name])
	}
	return names
}
