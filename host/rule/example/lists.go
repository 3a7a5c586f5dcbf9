package example

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/rule/dissect"
	"github.com/logcenter/logcenter/host/watchlist"
	"github.com/logcenter/logcenter/sdk/query"
	said "github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
	files "github.com/logcenter/logcenter/sdk/watchlist"
)

// Lists are the watchlists that rules see: those of a folder, and in their places those that an example gives. Not safe
// for concurrent use.
type Lists struct {
	dir    string
	folder *files.Folder
	from   map[string]source
	given  map[string]*said.ExampleList // that are in the folder now
}

// source is which type a list has, and by whose word.
type source struct {
	typ    query.ListType
	place  string
	folder bool // it is there in all examples
}

// OpenLists takes the lists of a folder of CSV files NAME.TYPE.csv, none if it is empty, into a folder of its own, which it
// makes, and has these, and all that examples put in their places, be the lists of the process ([query.SetLists]).
func OpenLists(dir, directory string) (*Lists, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	l := &Lists{dir: dir, from: map[string]source{}, given: map[string]*said.ExampleList{}}
	if directory != "" {
		lists, err := watchlist.Publish(directory, dir)
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			l.from[list.Name] = source{list.Type, list.File, true}
		}
	}
	var err error
	if l.folder, err = files.Open(dir); err != nil {
		return nil, err
	}
	query.SetLists(l.folder)
	return l, nil
}

// Folder is where a detector finds the lists.
func (l *Lists) Folder() string { return l.dir }

// declare takes note of the lists that a rule's examples give, and says what is wrong: with these, and with lists that the
// rule asks for and that are nowhere given. A detector wants each to be there, and of one type, before it takes the rule;
// what is in them changes with each example.
func (l *Lists) declare(r *rule.Document) (faults []Fault, err error) {
	first := map[string]*said.ExampleList{}
	for i := range r.Examples {
		e := &r.Examples[i]
		for k := range e.Lists {
			list := &e.Lists[k]
			place := line(r, schema.Index("examples", i)+"."+schema.Index("lists", k)+".name")
			t, err := query.ParseListType(list.Type)
			if err != nil {
				return nil, err
			}
			have, known := l.from[list.Name]
			if known && have.typ != t {
				msg := fmt.Sprintf("list %s is of type %s here, and of type %s in %s: a host has one list of a name", list.Name, t, have.typ, have.place)
				faults = append(faults, Fault{Line: place, Example: e.Name, Message: msg})
			}
			if !known {
				l.from[list.Name] = source{typ: t, place: fmt.Sprintf("%s:%d", r.File, place)}
			}
			first[list.Name] = list
		}
	}
	uses, err := dissect.Lists(&r.Rule)
	if err != nil {
		return nil, err
	}
	faults = append(faults, l.lacking(r, uses)...)
	if len(faults) == 0 {
		err = l.set(first)
	}
	return faults, err
}

// lacking tells of each example that does not give a list that the rule asks for.
func (l *Lists) lacking(r *rule.Document, uses []dissect.Use) (faults []Fault) {
	for _, u := range uses {
		if l.from[u.List].folder {
			continue
		}
		msg := fmt.Sprintf("%s: list %s is nowhere given: put it under lists of the example, as {name: %s, type: TYPE, values: [...]}, or %s.TYPE.csv into the folder of --watchlists; TYPE is one of %s",
			u.Part, u.List, u.List, u.List, strings.Join(query.ListTypes(), ", "))
		if len(r.Examples) == 0 {
			faults = append(faults, Fault{Line: line(r, u.Part), Message: msg})
		}
		for i := range r.Examples {
			e := &r.Examples[i]
			if !slices.ContainsFunc(e.Lists, func(g said.ExampleList) bool { return g.Name == u.List }) {
				faults = append(faults, Fault{Line: line(r, schema.Index("examples", i)+".name"), Example: e.Name, Message: msg})
			}
		}
	}
	return faults
}

// All has all rules see, at once and for good, the lists of those of their examples that must fire; of one name all values
// together. The error tells of lists that are nowhere given, and of those of two types.
func (l *Lists) All(rules []*rule.Document) error {
	together := map[string]*said.ExampleList{}
	var errs []error
	for _, r := range rules {
		faults, err := l.declare(r)
		if err != nil {
			return err
		}
		for _, f := range faults {
			errs = append(errs, fmt.Errorf("%s:%d: rule %s: %s", r.File, f.Line, r.ID, f.Message))
		}
		for i := range r.Examples {
			if r.Examples[i].Alerts == 0 {
				continue
			}
			for _, list := range r.Examples[i].Lists {
				if have := together[list.Name]; have != nil {
					have.Values = append(have.Values, list.Values...)
				} else {
					together[list.Name] = &said.ExampleList{Name: list.Name, Type: list.Type, Values: slices.Clone(list.Values)}
				}
			}
		}
	}
	return errors.Join(append(errs, l.set(together))...)
}

// use has an example see its lists, and no others but those of the folder.
func (l *Lists) use(e *said.Example) error {
	next := map[string]*said.ExampleList{}
	for i := range e.Lists {
		next[e.Lists[i].Name] = &e.Lists[i]
	}
	var errs []error
	for name := range l.given {
		if next[name] == nil {
			errs = append(errs, l.back(name))
		}
	}
	return errors.Join(append(errs, l.set(next))...)
}

// set puts lists into the folder, in the places of those that it has.
func (l *Lists) set(lists map[string]*said.ExampleList) error {
	for name, list := range lists {
		if l.given[name] == list {
			continue
		}
		if l.given[name] == nil && l.from[name].folder {
			if err := os.Rename(l.path(name), l.aside(name)); err != nil {
				return err
			}
		}
		if err := l.write(list); err != nil {
			return err
		}
		l.given[name] = list
	}
	return l.folder.Look()
}

// back puts the list of the folder into its place again, or an empty one.
func (l *Lists) back(name string) error {
	delete(l.given, name)
	if l.from[name].folder {
		return os.Rename(l.aside(name), l.path(name))
	}
	return l.write(&said.ExampleList{Name: name, Type: l.from[name].typ.String()})
}

func (l *Lists) path(name string) string  { return filepath.Join(l.dir, name+files.Extension) }
func (l *Lists) aside(name string) string { return filepath.Join(l.dir, name+".aside") }

func (l *Lists) write(list *said.ExampleList) error {
	values, err := list.Entries()
	if err != nil {
		return err
	}
	h := files.Head{Type: l.from[list.Name].typ, Version: 1, Entries: len(values)}
	for _, v := range values {
		h.Bytes += len(v)
	}
	return files.Write(l.dir, list.Name, h, func(yield func(files.Entry, error) bool) {
		for _, v := range values {
			if !yield(files.Entry{Value: v}, nil) {
				return
			}
		}
	})
}
