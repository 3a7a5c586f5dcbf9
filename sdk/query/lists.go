package query

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Lists are where queries find lists by name. Implementations are safe for concurrent use and answer from memory: they
// are asked once a batch and comparison.
type Lists interface {
	// List is a list as it is now, nil if there is none of that name.
	List(name string) *List
	// Names are the names of all lists, sorted.
	Names() []string
}

// ListMap is a fixed set of lists.
type ListMap map[string]*List

// List implements [Lists].
func (m ListMap) List(name string) *List { return m[name] }

// Names implements [Lists].
func (m ListMap) Names() []string { return slices.Sorted(maps.Keys(m)) }

var known atomic.Pointer[Lists]

// SetLists says what [KnownLists] answers from now on; nil is none. It is for those who have a process's lists, once.
func SetLists(l Lists) {
	if l == nil {
		l = ListMap(nil)
	}
	known.Store(&l)
}

// KnownLists are the lists that this process knows.
func KnownLists() Lists {
	if l := known.Load(); l != nil {
		return *l
	}
	return ListMap(nil)
}

// ListsOf lists the names of the lists that a query reads, sorted, each once.
func ListsOf(n Node) []string {
	var names []string
	Walk(n, func(leaf Node) {
		if l, ok := leaf.(*InList); ok {
			names = append(names, l.List)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// checkList says whether there is the list, and whether it goes with the field.
func checkList(n *InList, t ecs.Type, lists Lists, missing bool) *Error {
	if FieldName(n.Field) == ecs.EventID.Name() {
		return &Error{Pos: n.Pos, Msg: "event.id is compared with one value", Hint: "lists are for fields that many events share"}
	}
	l := lists.List(n.List)
	if l == nil && missing && (t == ecs.Keyword || t == ecs.IP) {
		return nil
	}
	if l == nil {
		return unknownList(n, lists.Names())
	}
	if l.typ.Fits(t) {
		return nil
	}
	hint := "use a list of another type, or another field"
	if l.typ == ListIP {
		hint = "lists of addresses and networks are for ip fields, e.g. source.ip"
	} else if t == ecs.IP {
		hint = "ip fields take lists of type ip"
	} else if t == ecs.Text {
		hint = "lists are for fields with one value, e.g. user.name or url.domain"
	}
	return &Error{Pos: n.Pos, Msg: fmt.Sprintf("%s is %s field, and the entries of list %s are of type %s", FieldName(n.Field), a(t), n.List, l.typ), Hint: hint}
}

// nearLists is how many names an error tells at most.
const nearLists = 5

func unknownList(n *InList, names []string) *Error {
	e := &Error{Pos: n.Pos, Msg: fmt.Sprintf("there is no list %s", n.List)}
	type near struct {
		name     string
		distance int
	}
	var found []near
	limit := 1 + max(2, len(n.List)/3)
	for _, name := range names {
		if d := editDistance(strings.ToLower(n.List), strings.ToLower(name), limit); d < limit {
			found = append(found, near{name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.distance - b.distance })
	var some []string
	for _, f := range found[:min(len(found), nearLists)] {
		some = append(some, f.name)
	}
	switch {
	case len(some) > 0:
		e.Hint = "did you mean " + strings.Join(some, " or ") + "?"
	case len(names) == 0:
		e.Hint = "there are no lists yet: `logcenter watchlist import` makes one"
	case len(names) <= nearLists:
		e.Hint = "there are " + strings.Join(names, ", ")
	default:
		e.Hint = "`logcenter watchlist list` shows those that there are"
	}
	return e
}
