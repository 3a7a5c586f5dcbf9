package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/schema"
)

const (
	maxFaults = 20  // told of at once
	maxValue  = 500 // bytes of one value
)

// reader makes a list of the rows of a source, and collects what is wrong with them.
type reader struct {
	name   string            // of the source, for messages
	unit   string            // what numbers count: "line", or "element" of JSON, where lines say nothing
	rename map[string]string // from the source's names to ours; empty: they are ours

	b      *listBuilder
	ids    map[string]int // line by id
	hosts  map[string]int
	marks  map[string]int
	nets   map[netip.Prefix]int
	faults []error // the first of them
	total  int     // of faults
	bad    bool    // the whole source is
}

// row is an asset as it stands in the source.
type row struct {
	at     int // line or element
	single [single]string
	lists  [all - single][]string
}

func (r *row) list(column int) []string { return r.lists[column-single] }

func (r *row) clear(at int) {
	r.at, r.single = at, [single]string{}
	for i := range r.lists {
		r.lists[i] = r.lists[i][:0]
	}
}

// set gives a column a text, that of several values with what parts them.
func (r *row) set(column int, text string) {
	if column < single {
		r.single[column] = strings.TrimSpace(text)
		return
	}
	for v := range strings.FieldsFuncSeq(text, parts) {
		r.add(column, v)
	}
}

// add gives a column with several values one more.
func (r *row) add(column int, v string) {
	if v = strings.TrimSpace(v); v != "" {
		l := &r.lists[column-single]
		*l = append(*l, v)
	}
}

// parts says what stands between several values.
func parts(c rune) bool { return c == ';' || c == ',' || unicode.IsSpace(c) }

func newReader(s *Source) *reader {
	r := &reader{
		name: s.name(), unit: "line", b: newListBuilder(),
		ids: map[string]int{}, hosts: map[string]int{}, marks: map[string]int{}, nets: map[netip.Prefix]int{},
	}
	if len(s.Columns) > 0 {
		r.rename = map[string]string{}
		for ours, theirs := range s.Columns {
			r.rename[theirs] = ours
		}
	}
	return r
}

// read makes a list of what a source says. An error has all that is wrong, up to a bound, each with its place; with
// lenient, entries with faults are left out, and the error only tells of them.
func (s *Source) read(data []byte) (l *list, told error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // spreadsheets write a byte order mark
	if at := firstInvalid(data); at >= 0 {
		return nil, fmt.Errorf("%s:%d: not UTF-8: save the list as UTF-8 (of a spreadsheet: as \"CSV UTF-8\")", s.name(), 1+bytes.Count(data[:at], []byte("\n")))
	}
	r := newReader(s)
	switch s.form() {
	case formCSV:
		r.csv(data)
	case formYAML:
		r.yaml(data)
	case formJSON:
		r.json(data, s.List)
	}
	told = errors.Join(r.faults...)
	if told != nil && (r.bad || !s.Lenient) {
		return nil, told
	}
	return r.b.finish(), told
}

func firstInvalid(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		c, n := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func (r *reader) place(at int) string {
	if r.unit == "line" {
		return fmt.Sprintf("%s:%d", r.name, at)
	}
	return fmt.Sprintf("%s: %s %d", r.name, r.unit, at)
}

func (r *reader) fault(at int, format string, args ...any) {
	r.total++
	switch n := len(r.faults); {
	case n < maxFaults:
		r.faults = append(r.faults, fmt.Errorf("%s: %s", r.place(at), fmt.Sprintf(format, args...)))
	case n == maxFaults:
		r.faults = append(r.faults, fmt.Errorf("%s: and more", r.name))
	}
}

// refuse is a fault of the whole source.
func (r *reader) refuse(at int, format string, args ...any) {
	r.bad = true
	r.fault(at, format, args...)
}

// column is the place of a column by the source's name for it: -1 if it is left out, and if it is unknown, which is
// a fault where strict.
func (r *reader) column(at int, name string, strict bool) int {
	if r.rename != nil {
		ours, ok := r.rename[name]
		if !ok {
			return -1 // only what is named is read
		}
		return slices.Index(columns, ours)
	}
	i := slices.Index(columns, name)
	if i < 0 && strict {
		hint := "the columns are " + strings.Join(columns, ", ")
		if near := schema.Nearest(name, columns); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.refuse(at, "there is no column %q: %s", name, hint)
	}
	return i
}

// said is the source's name of a column.
func (r *reader) said(column int) string {
	for theirs, ours := range r.rename {
		if ours == columns[column] {
			return theirs
		}
	}
	return columns[column]
}

// take adds the asset of a row, unless something is wrong with it.
func (r *reader) take(w *row) {
	before := r.total
	nets := r.check(w)
	if r.total > before {
		return
	}
	asset := uint32(len(r.b.assets))
	r.ids[w.single[colID]] = w.at
	rec := record{}
	for i, v := range w.single {
		if i == colID || i == colName {
			rec.values[i] = r.b.put(v) // each has its own
		} else {
			rec.values[i] = r.b.recurring(v)
		}
	}
	if rec.values[colName] == 0 {
		rec.values[colName] = rec.values[colID]
	}
	for _, v := range w.list(colTags) {
		r.b.tags = append(r.b.tags, r.b.recurring(v))
	}
	rec.tags = uint32(len(r.b.tags))
	r.b.assets = append(r.b.assets, rec)
	for _, name := range w.list(colHostname) {
		r.hosts[name] = w.at
		r.b.hosts = append(r.b.hosts, key{r.b.put(name), asset})
	}
	for _, tag := range w.list(colEventTag) {
		r.marks[tag] = w.at
		r.b.marks = append(r.b.marks, key{r.b.put(tag), asset})
	}
	for _, p := range nets {
		r.nets[p] = w.at
		r.b.nets = append(r.b.nets, networkOf(p, asset))
	}
}

// check says what is wrong with a row, brings its host names to lower case, and returns its networks.
func (r *reader) check(w *row) (nets []netip.Prefix) {
	id := w.single[colID]
	if id == "" {
		r.fault(w.at, "%s is missing: each asset has one of its own", r.said(colID))
		return nil
	}
	if at, twice := r.ids[id]; twice {
		r.fault(w.at, "%s %q stands in %s %d already", r.said(colID), id, r.unit, at)
	}
	for i, v := range w.single {
		r.short(w.at, i, v)
	}
	for i := single; i < all; i++ {
		for _, v := range w.list(i) {
			r.short(w.at, i, v)
		}
	}
	names := w.list(colHostname)
	for i, name := range names {
		names[i] = lowered(name)
	}
	r.unique(w, colHostname, r.hosts)
	r.unique(w, colEventTag, r.marks)
	for _, text := range w.list(colIP) {
		p, ok := parseNetwork(text)
		switch {
		case !ok:
			r.fault(w.at, "%s %q: want an address such as 10.2.0.4 or a network such as 10.2.0.0/24", r.said(colIP), text)
			continue
		case p != p.Masked():
			r.fault(w.at, "%s %q: a network starts at its first address, write %s", r.said(colIP), text, p.Masked())
			continue
		}
		if at, twice := r.nets[p]; twice {
			r.fault(w.at, "%s %q stands in %s %d already", r.said(colIP), text, r.unit, at)
			continue
		}
		if slices.Contains(nets, p) {
			continue
		}
		nets = append(nets, p)
	}
	return nets
}

func (r *reader) short(at, column int, v string) {
	if len(v) > maxValue {
		r.fault(at, "%s has %d bytes: want at most %d", r.said(column), len(v), maxValue)
	}
}

// unique says which values of a column other rows have, and leaves each of the row's once.
func (r *reader) unique(w *row, column int, taken map[string]int) {
	l := &w.lists[column-single]
	once := (*l)[:0]
	for _, v := range *l {
		if at, twice := taken[v]; twice {
			r.fault(w.at, "%s %q stands in %s %d already", r.said(column), v, r.unit, at)
		} else if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	*l = once
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return p, false
		}
		if a := p.Addr(); a.Is4In6() {
			return netip.PrefixFrom(a.Unmap(), p.Bits()-96), p.Bits() >= 96
		}
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}
