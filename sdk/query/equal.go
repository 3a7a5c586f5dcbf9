package query

import (
	"reflect"
	"slices"
)

// Equal says whether two ASTs are the same, positions apart. It is of what is written and not of what it means:
// a AND b is not b AND a, and "a" is not a. nil is only equal to nil.
func Equal(a, b Node) bool {
	if a == nil || b == nil || reflect.TypeOf(a) != reflect.TypeOf(b) {
		return a == nil && b == nil
	}
	switch a := a.(type) {
	case *And:
		return slices.EqualFunc(a.Nodes, b.(*And).Nodes, Equal)
	case *Or:
		return slices.EqualFunc(a.Nodes, b.(*Or).Nodes, Equal)
	case *Not:
		return Equal(a.Node, b.(*Not).Node)
	}
	// Leaves of one type print the same only if they are the same, once their fields are.
	return FieldOf(a).Name == FieldOf(b).Name && Format(a) == Format(b)
}
