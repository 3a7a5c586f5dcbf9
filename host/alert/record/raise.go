package record

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Why nobody was told of an alert by itself.
const (
	heldSilent   = "silent"   // its rule is
	heldRepeat   = "repeat"   // of one that is open
	heldStorm    = "storm"    // a summary tells of it
	heldOriginal = "original" // a recovery of what nobody was told of
)

// Bounds of what is kept of one alert; what is more is cut.
const (
	maxID       = 128
	maxName     = 1 << 10
	maxText     = 64 << 10
	maxPairs    = 256
	maxValue    = 8 << 10
	maxTags     = 64
	maxEventIDs = 10_000
	maxWords    = 4 << 10
	maxIndexed  = 256 // bytes of a key's value that a filter compares
)

// reserved are ids that stand for something else in the API's paths.
var reserved = []string{"actions", "changes", "missed", "rates"}

// Raise writes alerts down, all or none, and returns those that were not recorded before. An alert is known by its id
// alone. An error means that nothing was written; calling again is safe at any time.
func (l *Ledger) Raise(ctx context.Context, alerts []*wire.Alert) (fresh []*wire.Alert, err error) {
	if len(alerts) == 0 {
		return nil, nil
	}
	began := time.Now()
	var counts raised
	err = l.update(ctx, func(tx *sql.Tx) error {
		fresh, counts = fresh[:0], raised{}
		r := &raising{l: l, ctx: ctx, tx: tx, now: l.now(), counts: &counts}
		for _, a := range alerts {
			a = bounded(a)
			known, err := r.known(a.Id)
			if err != nil {
				return err
			}
			if known {
				counts.again++
				continue
			}
			if err := r.one(a); err != nil {
				return err
			}
			fresh = append(fresh, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.commits.Observe(time.Since(began).Seconds())
	l.count(len(fresh), counts)
	l.soon()
	return fresh, nil
}

// raised counts what came of alerts.
type raised struct{ again, told, repeats, silent, stormed, recovered, summaries int64 }

func (l *Ledger) count(fresh int, n raised) {
	c := &l.counters
	c.raised.Add(int64(fresh))
	c.again.Add(n.again)
	c.told.Add(n.told)
	c.repeats.Add(n.repeats)
	c.silent.Add(n.silent)
	c.stormed.Add(n.stormed)
	c.recovered.Add(n.recovered)
	c.summaries.Add(n.summaries)
}

// raising is one transaction that records alerts.
type raising struct {
	l      *Ledger
	ctx    context.Context
	tx     *sql.Tx
	now    time.Time
	counts *raised
}

func (r *raising) exec(text string, args ...any) error {
	_, err := r.tx.ExecContext(r.ctx, text, args...)
	return err
}

func (r *raising) known(id string) (bool, error) {
	var one int
	err := r.tx.QueryRowContext(r.ctx, "SELECT 1 FROM record WHERE id = ?", id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// one records an alert that is not known.
func (r *raising) one(a *wire.Alert) error {
	switch sdk.AlertKind(a.Kind) {
	case sdk.AlertRaised:
	case sdk.AlertRecovery:
		return r.recovery(a)
	default:
		_, err := r.put(a, row{told: !a.Silent, held: heldIf(a.Silent, heldSilent)})
		return err
	}
	h, err := r.head(groupingOf(a))
	if err != nil {
		return err
	}
	if h != nil {
		return r.repeat(a, h)
	}
	w := row{state: Open, grouping: groupingOf(a), told: !a.Silent, held: heldIf(a.Silent, heldSilent)}
	if w.told {
		if w.storm, err = r.storm(a); err != nil {
			return err
		}
		w.told, w.held = w.storm == 0, heldIf(w.storm != 0, heldStorm)
	}
	seq, err := r.put(a, w)
	if err != nil {
		return err
	}
	return r.l.change(r.ctx, r.tx, Change{At: r.now, record: seq, What: ChangeRaised, Value: w.held})
}

func heldIf(is bool, why string) string {
	if is {
		return why
	}
	return ""
}

// head is the alert of a group that has not been closed.
type head struct {
	seq, recorded int64
	told          sql.NullInt64
	toldAs        int
	held          string
	recovered     sql.NullInt64
	repeats       int64
}

func (r *raising) head(grouping string) (*head, error) {
	h := &head{}
	err := r.tx.QueryRowContext(r.ctx, `SELECT seq, recorded, told, told_as, held, recovered, repeats FROM record
		WHERE grouping = ? AND state IN ('open', 'acknowledged')`, grouping).Scan(&h.seq, &h.recorded, &h.told, &h.toldAs, &h.held, &h.recovered, &h.repeats)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return h, err
}

// due says whether a repeat is told.
func (h *head) due(a *wire.Alert, now time.Time, remind time.Duration) bool {
	last := h.recorded
	if h.told.Valid {
		last = h.told.Int64
	}
	switch {
	case a.Silent:
		return false
	case h.held == heldSilent && !h.told.Valid, h.recovered.Valid, h.told.Valid && severityOf(a) > h.toldAs:
		return true
	default:
		return remind > 0 && now.UnixNano()-last >= remind.Nanoseconds()
	}
}

// repeat counts an alert where its group's first one is.
func (r *raising) repeat(a *wire.Alert, h *head) (err error) {
	w := row{head: h.seq, held: heldRepeat}
	if h.due(a, r.now, r.l.o.Remind) {
		if w.storm, err = r.storm(a); err != nil {
			return err
		}
		w.told, w.held = w.storm == 0, heldIf(w.storm != 0, heldStorm)
	} else {
		r.counts.repeats++
	}
	if w.told {
		fields := map[string]string{"logcenter.repeats": strconv.FormatInt(h.repeats+1, 10)}
		for k, v := range a.Fields {
			fields[k] = v
		}
		a.Fields = fields // that it was told for the n-th time is a part of what is told
	}
	if _, err = r.put(a, w); err != nil {
		return err
	}
	if err := r.exec(`UPDATE record SET repeats = repeats + 1, events = events + ?, latest = max(latest, ?),
		recovered = NULL, recovered_by = '' WHERE seq = ?`, int64(a.EventCount), a.LastNs, h.seq); err != nil {
		return err
	}
	if w.told {
		if err := r.exec("UPDATE record SET told = ?, told_as = ? WHERE seq = ?", r.now.UnixNano(), severityOf(a), h.seq); err != nil {
			return err
		}
	}
	return r.l.change(r.ctx, r.tx, Change{At: r.now, record: h.seq, What: ChangeRepeated, Value: a.Id})
}

// recovery notes that an alert is over.
func (r *raising) recovery(a *wire.Alert) error {
	var (
		seq   int64
		told  sql.NullInt64
		state State
	)
	err := r.tx.QueryRowContext(r.ctx, `SELECT h.seq, h.told, h.state FROM record a JOIN record h ON h.seq = coalesce(a.head, a.seq)
		WHERE a.id = ?`, a.Recovers).Scan(&seq, &told, &state)
	unknown := errors.Is(err, sql.ErrNoRows) // it was so long ago that it is not kept: then somebody may know of it
	if err != nil && !unknown {
		return err
	}
	w := row{told: !a.Silent && (unknown || told.Valid), held: heldIf(a.Silent, heldSilent), head: seq}
	if !w.told && w.held == "" {
		w.held = heldOriginal
	}
	if _, err := r.put(a, w); err != nil || unknown {
		return err
	}
	r.counts.recovered++
	if err := r.exec("UPDATE record SET recovered = ?, recovered_by = ? WHERE seq = ?", r.now.UnixNano(), a.Id, seq); err != nil {
		return err
	}
	if err := r.l.change(r.ctx, r.tx, Change{At: r.now, record: seq, What: ChangeRecovered, Value: a.Id}); err != nil {
		return err
	}
	if r.l.o.OnRecovery == "" || state == Closed || state == "" {
		return nil
	}
	return r.l.closed(r.ctx, r.tx, seq, r.now, Change{Value: string(r.l.o.OnRecovery), Note: "it has recovered"})
}

// row is what is decided of an alert when it is recorded.
type row struct {
	head     int64 // 0: none
	state    State
	grouping string
	told     bool
	held     string
	storm    int64 // 0: none
}

// put writes an alert's row, and its deliveries if it is told.
func (r *raising) put(a *wire.Alert, w row) (seq int64, err error) {
	body, err := proto.Marshal(a)
	if err != nil {
		return 0, err
	}
	evidence, due := evidenceNone, any(nil)
	if len(a.EventIds) > 0 && r.l.o.Events != nil {
		evidence, due = evidenceWanted, r.now.UnixNano()
	}
	told, as := any(nil), severityOf(a)
	if w.told && w.state != "" {
		told = r.now.UnixNano()
	}
	grouping := w.grouping
	done, err := r.tx.ExecContext(r.ctx, `INSERT INTO record (id, kind, rule, rule_version, severity, device, dataset, device_rule, recorded,
		head, held, storm, told, told_as, state, verdict, assignee, recovered_by, grouping, repeats, events, latest,
		evidence, evidence_due, words, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', ?, 0, ?, ?, ?, ?, ?, ?)`,
		a.Id, a.Kind, a.Rule, a.RuleVersion, severityOf(a), valueOf(a, deviceFields...), valueOf(a, "event.dataset"), valueOf(a, "rule.id"),
		r.now.UnixNano(), orNull(w.head), w.held, orNull(w.storm), told, as, w.state, grouping, int64(a.EventCount), a.LastNs,
		evidence, due, wordsOf(a), body)
	if err != nil {
		return 0, err
	}
	if seq, err = done.LastInsertId(); err != nil {
		return 0, err
	}
	for _, tag := range a.Tags {
		if err := r.exec("INSERT OR IGNORE INTO record_tag VALUES (?, ?)", tag, seq); err != nil {
			return 0, err
		}
	}
	for name, value := range a.Keys {
		if err := r.exec("INSERT INTO record_key VALUES (?, ?, ?)", name, cut(value, maxIndexed), seq); err != nil {
			return 0, err
		}
	}
	switch w.held {
	case heldSilent:
		r.counts.silent++
	case heldStorm:
		r.counts.stormed++
	}
	if w.told {
		r.counts.told++
		if r.l.o.Deliveries != nil {
			return seq, r.l.o.Deliveries.Add(r.ctx, r.tx, a)
		}
	}
	return seq, nil
}

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// deviceFields say which device an alert is about, the best first.
var deviceFields = []string{"observer.name", "observer.hostname", "host.name", "host.hostname", "device", "asset.id", "observer.ip", "host.ip"}

// valueOf is the first of the fields that an alert has, in its keys or else in its fields.
func valueOf(a *wire.Alert, names ...string) string {
	for _, m := range [...]map[string]string{a.Keys, a.Fields} {
		for _, n := range names {
			if v := m[n]; v != "" {
				return cut(v, maxIndexed)
			}
		}
	}
	return ""
}

// severityOf is the place of an alert's severity among the five; what is none of them is a warning.
func severityOf(a *wire.Alert) int {
	if i := slices.Index(ecs.Severities[:], ecs.Severity(a.Severity)); i >= 0 {
		return i
	}
	return slices.Index(ecs.Severities[:], ecs.Warn)
}

func groupingOf(a *wire.Alert) string { return sdk.AlertID(a.Rule, a.Keys, time.Unix(0, 0)) }

// wordsOf is what a search by text looks at.
func wordsOf(a *wire.Alert) string {
	parts := []string{a.Name, a.Rule}
	for _, m := range [...]map[string]string{a.Keys, a.Fields} {
		names := make([]string, 0, len(m))
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			parts = append(parts, name+"="+cut(m[name], maxIndexed))
		}
	}
	return strings.ToLower(cut(strings.Join(append(parts, a.Description, a.Remarks), "\n"), maxWords))
}

// bounded is a copy of an alert that can be kept. Its id is one that can stand in a path.
func bounded(a *wire.Alert) *wire.Alert {
	a = proto.Clone(a).(*wire.Alert)
	a.Id = idOf(a.Id)
	if a.Recovers != "" {
		a.Recovers = idOf(a.Recovers)
	}
	for _, s := range []*string{&a.Rule, &a.RuleVersion, &a.Name, &a.Topic, &a.Type, &a.Method, &a.Frequency} {
		*s = cut(*s, maxName)
	}
	a.Description, a.Remarks = cut(a.Description, maxText), cut(a.Remarks, maxText)
	a.Keys, a.Fields = fewer(a.Keys), fewer(a.Fields)
	a.Tags = a.Tags[:min(len(a.Tags), maxTags)]
	a.Channels = a.Channels[:min(len(a.Channels), maxTags)]
	a.EventIds = a.EventIds[:min(len(a.EventIds), maxEventIDs)]
	return a
}

// idOf is an id as it is kept: what is too long, or cannot stand in a path, by its sum.
func idOf(id string) string {
	if plain(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

func plain(id string) bool {
	ok := id != "" && len(id) <= maxID && !slices.Contains(reserved, id) && id != "." && id != ".."
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:-", c) >= 0
	}
	return ok
}

// fewer bounds pairs; those whose names come last are left out.
func fewer(m map[string]string) map[string]string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make(map[string]string, len(m))
	for _, name := range names[:min(len(names), maxPairs)] {
		out[cut(name, maxIndexed)] = cut(m[name], maxValue)
	}
	return out
}

// cut shortens a text at a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
