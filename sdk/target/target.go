// Package target has notifiers with several receivers choose the one that an alert goes to.
package target

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Most is how many targets one notifier may have.
const Most = 100

// name is what a target may be called, since PLUGIN/TARGET is a channel.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Check says what is wrong with the names of the list at key "targets" of a config. The error is for the admin.
func Check[C any](list []C, nameOf func(*C) string) error {
	if len(list) == 0 {
		return &schema.Error{Path: "targets", Msg: "there is none", Hint: "a list of receivers, each with a name"}
	}
	if len(list) > Most {
		return &schema.Error{Path: "targets", Msg: fmt.Sprintf("%d are too many: at most %d", len(list), Most)}
	}
	seen := map[string]int{}
	for i := range list {
		n, at := nameOf(&list[i]), schema.Index("targets", i)+".name"
		if !name.MatchString(n) {
			return &schema.Error{Path: at, Msg: fmt.Sprintf("%q is not a name", n), Hint: "1 to 64 letters, digits, dots, hyphens and underscores, e.g. soc"}
		}
		if other, ok := seen[n]; ok {
			return &schema.Error{Path: at, Msg: fmt.Sprintf("%q is the name of %s already", n, schema.Index("targets", other))}
		}
		seen[n] = i
	}
	return nil
}

// Set are targets by their names. It does not change, so it is safe for concurrent use. Embedded in a notifier it makes
// it a sdk.Targeter.
type Set[T any] struct {
	names []string
	of    map[string]T
}

// New makes a target of each entry of the list at key "targets" of a config. An error, whose path is within the entry, is of
// the first that cannot be made; the set then has those before it, to be closed.
func New[C, T any](list []C, nameOf func(*C) string, create func(C) (T, error)) (Set[T], error) {
	s := Set[T]{of: make(map[string]T, len(list))}
	for i := range list {
		t, err := create(list[i])
		if err != nil {
			return s, schema.Under(schema.Index("targets", i), err)
		}
		n := nameOf(&list[i])
		s.names, s.of[n] = append(s.names, n), t
	}
	return s, nil
}

// Targets are the names in their order.
func (s *Set[T]) Targets() []string { return s.names }

// Each calls f with all targets.
func (s *Set[T]) Each(f func(T)) {
	for _, n := range s.names {
		f(s.of[n])
	}
}

// Choose is the target that an alert goes to, with its name. An alert that names none goes to the only one. The error is
// final: another try would not find it either.
func (s *Set[T]) Choose(a *sdk.Alert) (name string, t T, err error) {
	name = a.Target
	if name == "" && len(s.names) == 1 {
		name = s.names[0]
	}
	t, ok := s.of[name]
	if !ok {
		return name, t, fmt.Errorf("there is no target %q: configured are %s", name, strings.Join(s.names, ", "))
	}
	return name, t, nil
}
