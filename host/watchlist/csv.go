package watchlist

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/query"
)

// Limits of files and entries.
const (
	MaxFile      = 256 << 20 // bytes of a CSV file
	MaxNote      = 500       // bytes of a note, a source and a description
	mostFaults   = 20        // told of one file
	mostColumns  = 16
	valueColumn  = "value"
	notRightYear = 2100
)

// Columns are the columns of a CSV file that are read; only value is needed.
var columns = []string{valueColumn, "note", "source", "author", "expires"}

// Entry is one entry of a list.
type Entry struct {
	Value   string    // as [query.ParseListValue] returns it
	Note    string    // why it is there
	Source  string    // where it is from, e.g. a feed
	Author  string    // who added it
	Added   time.Time // zero: not known
	Expires time.Time // when it stops to count; zero: never
}

// Expired says whether an entry no longer counts.
func (e *Entry) Expired(now time.Time) bool { return !e.Expires.IsZero() && !now.Before(e.Expires) }

// ParseExpiry reads when an entry expires: an instant as queries have them, of which a shorter one (2026-12-31) means its
// end, or now+30d. Empty is never.
func ParseExpiry(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	from, to, err := query.ParseDate(s, now, time.UTC)
	if err != nil {
		return time.Time{}, err
	}
	if strings.ContainsAny(s, "T:") || strings.HasPrefix(s, "now") {
		to = from
	}
	if to.Year() > notRightYear {
		return time.Time{}, fmt.Errorf("%s is after %d: leave it empty for ever", s, notRightYear)
	}
	return to, nil
}

// readCSV reads the entries of a CSV file (RFC 4180; lines that begin with # are comments). The first line may name the
// columns, else they are value, note, source, author and expires, or as many of these as there are. Errors are of type
// [*document.Error]; reading goes on behind them.
func readCSV(name string, r io.Reader, t query.ListType, now time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		in := csv.NewReader(r)
		in.Comment, in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = '#', -1, true, true
		f := csvFile{name: name, in: in, typ: t, now: now, columns: columns}
		for first := true; ; first = false {
			record, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				hint := "double each quote within quotes, and close them"
				if !yield(Entry{}, &document.Error{File: name, Line: bad.Line, Column: bad.Column, Msg: bad.Err.Error(), Hint: hint}) {
					return
				}
				continue
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if first {
				record[0] = strings.TrimPrefix(record[0], "\ufeff")
				if strings.EqualFold(strings.TrimSpace(record[0]), valueColumn) || slices.ContainsFunc(record, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), valueColumn) }) {
					if err := f.head(record); err != nil {
						yield(Entry{}, err)
						return
					}
					continue
				}
			}
			e, err := f.entry(record)
			if !yield(e, err) {
				return
			}
		}
	}
}

// csvFile is a file that is being read.
type csvFile struct {
	name    string
	in      *csv.Reader
	typ     query.ListType
	now     time.Time
	columns []string
}

func (f *csvFile) fault(column int, hint, format string, args ...any) error {
	line, at := f.in.FieldPos(column)
	return &document.Error{File: f.name, Line: line, Column: at, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// head reads the names of the columns. Columns of other names are not read.
func (f *csvFile) head(record []string) error {
	if len(record) > mostColumns {
		return f.fault(mostColumns, fmt.Sprintf("at most %d", mostColumns), "there are %d columns", len(record))
	}
	f.columns = make([]string, len(record))
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		if slices.Contains(f.columns[:i], name) {
			return f.fault(i, "leave one of them out", "there are two columns %s", name)
		}
		f.columns[i] = name
	}
	return nil
}

func (f *csvFile) entry(record []string) (e Entry, err error) {
	if len(record) > len(f.columns) {
		return e, f.fault(len(f.columns), "put a value with a comma in quotes", "there are %d columns, and %d are known: %s", len(record), len(f.columns), strings.Join(f.columns, ", "))
	}
	for i, text := range record {
		text = strings.TrimSpace(text)
		if !utf8.ValidString(text) {
			return e, f.fault(i, "save the file in UTF-8, of a spreadsheet as CSV UTF-8; other encodings, such as GBK, are not read", "%s: not UTF-8", f.columns[i])
		}
		switch f.columns[i] {
		case valueColumn:
			if e.Value, err = query.ParseListValue(f.typ, text); err != nil {
				return e, f.fault(i, "", "%s", err)
			}
		case "note", "source", "author":
			if len(text) > MaxNote {
				return e, f.fault(i, fmt.Sprintf("at most %d bytes", MaxNote), "the %s has %d bytes", f.columns[i], len(text))
			}
			*map[string]*string{"note": &e.Note, "source": &e.Source, "author": &e.Author}[f.columns[i]] = strings.Clone(text)
		case "expires":
			if e.Expires, err = ParseExpiry(text, f.now); err != nil {
				var date *query.Error
				if errors.As(err, &date) {
					err = errors.New(date.Msg)
				}
				return e, f.fault(i, "write e.g. 2026-12-31, 2026-12-31T12:00:00Z or now+30d, or nothing for ever", "expires: %s", err)
			}
		}
	}
	if e.Value == "" {
		return e, f.fault(0, "", "there is no value")
	}
	return e, nil
}

// WriteCSV writes entries so that they can be imported again.
func WriteCSV(w io.Writer, entries iter.Seq2[Entry, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		expires := ""
		if !e.Expires.IsZero() {
			expires = e.Expires.UTC().Format(time.RFC3339Nano)
		}
		if err := out.Write([]string{e.Value, e.Note, e.Source, e.Author, expires}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
