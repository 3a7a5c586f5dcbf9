package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/rule"
)

// List is a watchlist that a rule asks for in the place of a placeholder of Sigma, and that must be there before the rule is
// taken.
type List struct {
	Name string `json:"name"`
	// Type is that of a list which compares as Sigma does: ip for addresses, else user, which is any text in any case, or
	// keyword with the modifier cased.
	Type string `json:"type"`
}

// listName is what the list of a placeholder is called: by type, or under "" for all.
type listName map[string]string

// UnmarshalYAML reads a name, or a map of types to names.
func (l *listName) UnmarshalYAML(n *yaml.Node) error {
	*l = listName{}
	if n.Kind == yaml.ScalarNode {
		(*l)[""] = n.Value
	} else if err := n.Decode((*map[string]string)(l)); err != nil {
		return err
	}
	for typ, name := range *l {
		err := query.CheckListName(name)
		if typ != "" && err == nil && !slices.Contains(expanded, typ) {
			err = fmt.Errorf("%q is no type that placeholders have: write one of %s", typ, strings.Join(expanded, ", "))
		}
		if err != nil {
			return fmt.Errorf("line %d: lists: %w", n.Line, err)
		}
	}
	return nil
}

// expanded are the types of lists in the places of placeholders.
var expanded = []string{"ip", "user", "keyword"}

// list is the list of a placeholder.
func (m *Mapping) list(placeholder, typ string) string {
	return cmp.Or(m.lists[placeholder][typ], m.lists[placeholder][""], placeholder)
}

// placeholder reads a value under the modifier expand (specification, "Placeholders"): the name of the placeholder that it
// is, or its text if it has none; \% is a percent sign. Something of both is refused.
func placeholder(key, v string) (name, text string, err error) {
	var b strings.Builder
	for rest := v; rest != ""; {
		if strings.HasPrefix(rest, `\%`) {
			b.WriteByte('%')
			rest = rest[2:]
			continue
		}
		if rest[0] == '%' {
			if end := strings.IndexByte(rest[1:], '%'); end > 0 {
				if len(rest) != len(v) || end+2 != len(rest) {
					return "", "", refuse(NoModifier, "%s: %s has a text beside a placeholder, and the entries of a list are compared as a whole", key, v)
				}
				return rest[1 : end+1], "", nil
			}
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	return "", b.String(), nil
}

// expand converts the comparison of a field with a placeholder, which is a list here.
func (c *converter) expand(key, name string, f query.Field, t target, typ ecs.Type, m modifiers) (query.Node, error) {
	want := "user"
	switch {
	case typ == ecs.IP:
		want = "ip"
	case typ != ecs.Keyword || m.cidr:
		return nil, refuse(NoValue, "%s|expand: %s is of type %s, and lists are for keywords and addresses", key, f.Name, typ)
	case m.cased:
		want = "keyword"
	}
	list := c.o.Mapping.list(name, want)
	if err := query.CheckListName(list); err != nil {
		return nil, refuse(NoValue, "%s|expand: %v: say lists: {%q: NAME} in a file of --map", key, err, name)
	}
	if have, twice := c.asked[list]; twice && have != want {
		return nil, refuseTypes(name, list, want, have, "the same rule")
	}
	if len(t.Values) > 0 {
		c.note("list %s has the values of %s as %s has them", list, key, f.Name)
	}
	c.asked[list] = want
	return &query.InList{Field: f, List: list}, nil
}

func refuseTypes(name, list, want, have, place string) error {
	return refuse(NoValue, "%%%s%% is of type %s here, and list %s of type %s in %s: say lists: {%s: {%s: NAME, %s: NAME}} in a file of --map", name, want, list, have, place, name, want, have)
}

// claim takes note of the lists that a detection asks for. Those of before have their types.
func (c *converter) claim(d *document) error {
	for list, typ := range c.asked {
		if have, known := c.lists[list]; known && have.typ != typ {
			return refuseTypes(list, list, typ, have.typ, "rule "+have.rule)
		}
	}
	for list, typ := range c.asked {
		if _, known := c.lists[list]; !known {
			c.lists[list] = claimed{typ, cmp.Or(d.ID, d.Title)}
		}
	}
	return nil
}

// claimed is a list that a rule asks for.
type claimed struct{ typ, rule string }

// withLists adds what a rule that was made asks for.
func (c *converter) withLists(r Result) Result {
	if r.Rule == nil {
		return r
	}
	for _, q := range queriesOf(r.Rule) {
		n, err := query.Parse(q)
		if err != nil {
			continue // it was read before
		}
		for _, name := range query.ListsOf(n) {
			l := List{name, c.lists[name].typ}
			if !slices.Contains(r.Lists, l) {
				r.Lists = append(r.Lists, l)
				r.Notes = append(r.Notes, fmt.Sprintf("list %s of type %s must be there", l.Name, l.Type))
			}
		}
	}
	return r
}

func queriesOf(r *rule.Rule) (queries []string) {
	if r.Query != "" {
		queries = append(queries, r.Query)
	}
	for _, s := range r.Steps {
		queries = append(queries, s.Query)
	}
	return queries
}
