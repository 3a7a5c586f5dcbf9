package sigma

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/query"
)

// condition converts the condition of a detection. A list of them is any of them.
func (c *converter) condition(d *document, s *logSource) (query.Node, error) {
	n, ok := d.Detection["condition"]
	if !ok {
		return nil, refuse(BadRule, "detection has no condition")
	}
	var texts []string
	switch n.Kind {
	case yaml.ScalarNode:
		texts = []string{n.Value}
	case yaml.SequenceNode:
		if err := n.Decode(&texts); err != nil {
			return nil, refuse(BadRule, "condition: %v", err)
		}
	default:
		return nil, refuse(BadRule, "condition: want a text or a list of texts")
	}
	var some []query.Node
	for _, text := range texts {
		if strings.Contains(text, "|") {
			return nil, refuse(NoCondition, "%s: aggregations behind a bar are correlations today", text)
		}
		p := &conditionParser{c: c, d: d, s: s, words: words(text), made: map[string]query.Node{}}
		node, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.at < len(p.words) {
			return nil, refuse(NoCondition, "%s: %q is not expected", text, p.words[p.at])
		}
		some = append(some, node)
	}
	return join(or, some), nil
}

// words takes a condition apart.
func words(text string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
}

// conditionParser reads a condition: not binds closest, then and, then or.
type conditionParser struct {
	c     *converter
	d     *document
	s     *logSource
	words []string
	at    int
	depth int
	made  map[string]query.Node
}

func (p *conditionParser) next(word string) bool {
	if p.at < len(p.words) && strings.EqualFold(p.words[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *conditionParser) or() (query.Node, error) {
	return p.list(or, "or", func() (query.Node, error) { return p.list(and, "and", p.not) })
}

func (p *conditionParser) list(kind joint, word string, one func() (query.Node, error)) (query.Node, error) {
	var nodes []query.Node
	for {
		n, err := one()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if !p.next(word) {
			return join(kind, nodes), nil
		}
	}
}

func (p *conditionParser) not() (query.Node, error) {
	if p.depth++; p.depth > 100 {
		return nil, refuse(TooLarge, "condition is nested too deeply")
	}
	defer func() { p.depth-- }()
	if p.next("not") {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		return &query.Not{Node: n}, nil
	}
	if p.next("(") {
		n, err := p.or()
		if err == nil && !p.next(")") {
			err = refuse(NoCondition, "a parenthesis is not closed")
		}
		return n, err
	}
	return p.items()
}

// items reads NAME, "1 of PATTERN", "all of PATTERN" and "… of them".
func (p *conditionParser) items() (query.Node, error) {
	if p.at == len(p.words) {
		return nil, refuse(NoCondition, "it ends where a name is expected")
	}
	word := p.words[p.at]
	p.at++
	if !p.next("of") {
		return p.item(word)
	}
	if p.at == len(p.words) {
		return nil, refuse(NoCondition, "%s of: a pattern is missing", word)
	}
	pattern := p.words[p.at]
	p.at++
	var names []string
	for name := range p.d.Detection {
		matched := pattern == "them" && !strings.HasPrefix(name, "_")
		if !matched {
			matched, _ = path.Match(pattern, name)
		}
		if matched && name != "condition" && name != "timeframe" {
			names = append(names, name)
		}
	}
	if slices.Sort(names); len(names) == 0 {
		return nil, refuse(NoCondition, "%s of %s: nothing is called so", word, pattern)
	}
	var nodes []query.Node
	for _, name := range names {
		n, err := p.item(name)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	switch n, err := strconv.Atoi(word); {
	case strings.EqualFold(word, "all"), err == nil && n == len(nodes):
		return join(and, nodes), nil
	case strings.EqualFold(word, "any"), n == 1:
		return join(or, nodes), nil
	default:
		return nil, refuse(NoCondition, "%s of %s: 1 and all are supported", word, pattern)
	}
}

func (p *conditionParser) item(name string) (query.Node, error) {
	if n := p.made[name]; n != nil {
		return n, nil
	}
	def, ok := p.d.Detection[name]
	if !ok || name == "condition" {
		return nil, refuse(NoCondition, "there is no %q", name)
	}
	n, err := p.c.search(&def, p.s)
	p.made[name] = n
	return n, err
}

// search converts one named search: a map of fields, or a list of maps or words.
func (c *converter) search(n *yaml.Node, s *logSource) (query.Node, error) {
	switch n.Kind {
	case yaml.MappingNode:
		var all []query.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			node, err := c.item(n.Content[i].Value, n.Content[i+1], s)
			if err != nil {
				return nil, err
			}
			all = append(all, node)
		}
		if len(all) == 0 {
			return nil, refuse(BadRule, "line %d: an empty search", n.Line)
		}
		return join(and, all), nil
	case yaml.SequenceNode:
		var some []query.Node
		for _, e := range n.Content {
			var node query.Node
			var err error
			if e.Kind == yaml.ScalarNode {
				node, err = c.words(e.Value)
			} else {
				node, err = c.search(e, s)
			}
			if err != nil {
				return nil, err
			}
			some = append(some, node)
		}
		if len(some) == 0 {
			return nil, refuse(BadRule, "line %d: an empty search", n.Line)
		}
		return join(or, some), nil
	case yaml.ScalarNode:
		return c.words(n.Value)
	default:
		return nil, refuse(BadRule, "line %d: want a map or a list", n.Line)
	}
}

type joint bool

const (
	or  joint = false
	and joint = true
)

// join makes one node of several; those of the same kind are taken in.
func join(kind joint, nodes []query.Node) query.Node {
	var flat []query.Node
	for _, n := range nodes {
		switch n := n.(type) {
		case *query.And:
			if kind == and {
				flat = append(flat, n.Nodes...)
				continue
			}
		case *query.Or:
			if kind == or {
				flat = append(flat, n.Nodes...)
				continue
			}
		case *query.All:
			if kind == and && len(nodes) > 1 {
				continue
			}
		}
		flat = append(flat, n)
	}
	switch {
	case len(flat) == 0:
		return &query.All{}
	case len(flat) == 1:
		return flat[0]
	case kind == and:
		return &query.And{Nodes: flat}
	default:
		return &query.Or{Nodes: flat}
	}
}
