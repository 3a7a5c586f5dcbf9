package storetest

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/wire"
)

// The scripts. A line at the margin is a command, indented lines below it belong to it:
//
//	load                       events: NAME TIME {fields} message; TIME without a date is of 2026-11-21
//	  a 10:00:00 {"source.ip": "10.0.0.1"} login failed
//	search QUERY               names of the events found, newest first, or "error: part of the text"
//	  a
//	pages N QUERY              names page by page, separated by |
//	agg QUERY :: KIND FIELD key=value … > NESTED & NEXT TO IT
//	  values and buckets
//	fields QUERY               fields and their counts
//	stats FIELD QUERY          what FieldStats answers
//	only QUERY                 the scope of what follows; without a query it is everything again
//	range FROM TO              the time range of what follows; 2026-11-21 and the next day at first
//	order asc|desc             of what follows
//
//go:embed scripts/*.txt
var scripts embed.FS

// scriptEpoch is the day of times without a date.
const scriptEpoch = "2026-11-21"

type command struct {
	file string
	line int
	text string
	body []string
}

func readScript(name string) ([]command, error) {
	b, err := scripts.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var out []command
	for i, line := range strings.Split(string(b), "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case line[0] == ' ':
			if len(out) == 0 {
				return nil, fmt.Errorf("%s:%d: a body without a command", name, i+1)
			}
			c := &out[len(out)-1]
			c.body = append(c.body, strings.TrimPrefix(line, "  "))
		default:
			out = append(out, command{file: path.Base(name), line: i + 1, text: strings.TrimSpace(line)})
		}
	}
	return out, nil
}

// runner executes one script on one store.
type runner struct {
	store    store.Store
	entry    uint64
	names    map[string]string // event.id → name
	from, to time.Time
	scope    store.Scope
	oldest   bool
	mode     mode
	report   *Group
}

// mode is where the events of a script lie when it asks.
type mode int

const (
	inTail     mode = iota // not flushed
	inSegments             // flushed after each load
	inBoth                 // half of each load flushed
)

var modeNames = map[mode]string{inTail: "tail", inSegments: "segments", inBoth: "both"}

// runScripts runs all scripts in each mode and returns how many groups of the report that makes.
func runScripts(t *testing.T, rep *Report, modes []mode, open func(t *testing.T) store.Store) int {
	files, err := scripts.ReadDir("scripts")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		for _, m := range modes {
			name := strings.TrimSuffix(f.Name(), ".txt")
			t.Run(name+"/"+modeNames[m], func(t *testing.T) {
				g := rep.group(name, modeNames[m])
				defer func() { g.Skipped = t.Skipped() }()
				cmds, err := readScript("scripts/" + f.Name())
				require.NoError(t, err)
				day, err := time.Parse("2006-01-02", scriptEpoch)
				require.NoError(t, err)
				r := &runner{store: open(t), names: map[string]string{}, from: day, to: day.AddDate(0, 0, 1), scope: store.Everything(), mode: m, report: g}
				for _, c := range cmds {
					r.check(t, c)
				}
				require.Positive(t, g.Passed)
			})
		}
	}
	return len(files) * len(modes)
}

// check runs a command and compares its answer with what is written below it.
func (r *runner) check(t *testing.T, c command) {
	t.Helper()
	got, err := r.exec(c)
	if errors.Is(err, errNotApplicable) {
		r.report.NotApplicable++
		return
	}
	if c.setting() {
		require.NoError(t, err, "%s:%d", c.file, c.line)
		return
	}
	if err != nil {
		got = []string{"error: " + err.Error()}
	}
	same := sameAnswer(c.body, got)
	r.report.add(same)
	if !same {
		t.Errorf("%s:%d: %s\nwant:\n  %s\ngot:\n  %s", c.file, c.line, c.text, strings.Join(c.body, "\n  "), strings.Join(got, "\n  "))
	}
}

// setting says that the command asks nothing.
func (c command) setting() bool {
	verb, _, _ := strings.Cut(c.text, " ")
	switch verb {
	case "load", "range", "order", "only":
		return true
	default:
		return false
	}
}

// refused says that the command is to be answered by an error.
func (c command) refused() bool { return len(c.body) == 1 && strings.HasPrefix(c.body[0], "error: ") }

// sameAnswer compares; an expected error is a part of the text.
func sameAnswer(want, got []string) bool {
	if len(want) == 1 && len(got) == 1 {
		if part, ok := strings.CutPrefix(want[0], "error: "); ok {
			return strings.HasPrefix(got[0], "error: ") && strings.Contains(got[0], part)
		}
	}
	return strings.Join(want, "\n") == strings.Join(got, "\n")
}

func (r *runner) exec(c command) ([]string, error) {
	verb, rest, _ := strings.Cut(c.text, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "load":
		return nil, r.load(c)
	case "range":
		return nil, r.setRange(rest)
	case "order":
		r.oldest = rest == "asc"
		return nil, nil
	case "only":
		if r.scope = store.Everything(); rest != "" {
			n, err := query.Parse(rest)
			if err != nil {
				return nil, err
			}
			r.scope = store.Limited(n)
		}
		return nil, nil
	}
	switch verb {
	case "search":
		return r.search(rest)
	case "pages":
		return r.pages(rest)
	case "agg":
		if _, ok := r.store.(*reference); ok && c.refused() {
			return nil, errNotApplicable // it computes, and leaves checks to stores
		}
		return r.aggregate(rest)
	case "fields":
		return r.fields(rest)
	case "stats":
		return r.stats(rest)
	default:
		return nil, fmt.Errorf("there is no command %s", verb)
	}
}

func (r *runner) setRange(s string) error {
	from, to, _ := strings.Cut(s, " ")
	var err, err2 error
	r.from, err = scriptTime(from)
	r.to, err2 = scriptTime(strings.TrimSpace(to))
	return errors.Join(err, err2)
}

func scriptTime(s string) (time.Time, error) {
	if !strings.Contains(s, "-") {
		s = scriptEpoch + "T" + s + "Z"
	}
	return time.Parse(time.RFC3339Nano, s)
}

func parseEvent(line string) (name string, ev Event, err error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	clock, rest, _ := strings.Cut(rest, " ")
	at, err := scriptTime(clock)
	if err != nil {
		return name, nil, err
	}
	ev = Event{}
	d := json.NewDecoder(strings.NewReader(rest))
	d.UseNumber()
	if err := d.Decode(&ev); err != nil {
		return name, nil, err
	}
	ev["@timestamp"] = at
	ev["message"] = strings.TrimPrefix(rest[d.InputOffset():], " ")
	return name, ev, nil
}

func (r *runner) load(c command) error {
	var events []Event
	var names []string
	for _, line := range c.body {
		name, ev, err := parseEvent(line)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		events = append(events, ev)
		names = append(names, name)
	}
	parts := [][2]int{{0, len(events)}}
	if r.mode == inBoth {
		parts = [][2]int{{0, len(events) / 2}, {len(events) / 2, len(events)}}
	}
	for i, p := range parts {
		r.entry++
		b, err := Batch(r.entry, events[p[0]:p[1]])
		if err != nil {
			return err
		}
		for k := range p[1] - p[0] {
			r.names[store.EventID{Journal: Journal, Position: store.Position(r.entry, uint16(k), 0)}.String()] = names[p[0]+k]
		}
		if err := r.store.Append(context.Background(), r.entry, []*wire.Batch{b}); err != nil {
			return err
		}
		if r.mode == inSegments || r.mode == inBoth && i == 0 {
			if err := r.store.Flush(context.Background()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) selection(q string) (store.Selection, error) {
	n, err := query.Parse(q)
	return store.Selection{Query: n, From: r.from, To: r.to}, err
}

func (r *runner) search(q string) ([]string, error) {
	sel, err := r.selection(q)
	if err != nil {
		return nil, err
	}
	p, err := r.store.Search(context.Background(), r.scope, store.SearchRequest{Selection: sel, Limit: 1000, Count: true, OldestFirst: r.oldest})
	if err != nil {
		return nil, err
	}
	if p.Total != int64(len(p.Events)) {
		return nil, fmt.Errorf("%d events, but the count is %d", len(p.Events), p.Total)
	}
	return r.named(p.Events), nil
}

func (r *runner) named(events []store.Event) []string {
	if len(events) == 0 {
		return nil
	}
	var out []string
	for _, ev := range events {
		id, _ := ev["event.id"].(string)
		out = append(out, r.names[id])
	}
	return []string{strings.Join(out, " ")}
}

func (r *runner) pages(s string) ([]string, error) {
	size, q, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(size)
	if err != nil {
		return nil, err
	}
	sel, err := r.selection(q)
	if err != nil {
		return nil, err
	}
	var pages []string
	req := store.SearchRequest{Selection: sel, Limit: n, OldestFirst: r.oldest}
	for {
		p, err := r.store.Search(context.Background(), r.scope, req)
		if err != nil {
			return nil, err
		}
		pages = append(pages, strings.Join(r.named(p.Events), " "))
		if p.Cursor == "" {
			return []string{strings.Join(pages, " | ")}, nil
		}
		req.Cursor = p.Cursor
	}
}

func (r *runner) fields(q string) ([]string, error) {
	sel, err := r.selection(q)
	if err != nil {
		return nil, err
	}
	fs, err := r.store.Fields(context.Background(), r.scope, sel)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range fs {
		list := ""
		if f.List {
			list = " list"
		}
		out = append(out, fmt.Sprintf("%s %s%s %d", f.Name, f.Type, list, f.Count))
	}
	return out, nil
}

func (r *runner) stats(s string) ([]string, error) {
	field, q, _ := strings.Cut(s, " ")
	sel, err := r.selection(q)
	if err != nil {
		return nil, err
	}
	st, err := r.store.FieldStats(context.Background(), r.scope, store.FieldStatsRequest{Selection: sel, Field: field})
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("%s count=%d missing=%d distinct=%d", st.Type, st.Count, st.Missing, st.Distinct)
	if st.Min != nil {
		line += fmt.Sprintf(" min=%s max=%s", showValue(st.Min), showValue(st.Max))
	}
	out := []string{line}
	for _, b := range st.Top {
		out = append(out, fmt.Sprintf("%s %d", b.Text, b.Count))
	}
	return out, nil
}

func showValue(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case netip.Addr:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
