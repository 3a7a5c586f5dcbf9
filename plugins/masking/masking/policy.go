package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Policy masks some events otherwise than the rest.
type Policy struct {
	// When selects events, in Logcenter's query language. It may use the fields that plugin.yaml reads. Of several
	// policies that select an event the first one counts.
	When     string `yaml:"when" required:"true"`
	Switches `yaml:",inline"`
}

// maxPolicies bounds the policies of a config.
const maxPolicies = 64

// chooser is a masker with policies. It is a type of its own so that a masker without any is not asked.
type chooser struct {
	sdk.Masker
	fields [][]string // of each policy's query
	sets   sync.Pool  // of *selection
}

// selection is what one batch is matched with.
type selection struct {
	set     *query.Set
	matches [][]uint64
}

// filtered is a chooser that need not see all lines.
type filtered struct {
	*chooser
	m *masker
}

// choose makes m a masker of the policies, whose rulesets it has behind that of all other events.
func choose(m *masker, policies []Policy) (sdk.Masker, error) {
	c := &chooser{Masker: m}
	matchers := make([]*query.Matcher, len(policies))
	for i, p := range policies {
		at := schema.Index("policies", i) + ".when"
		n, err := query.Parse(p.When)
		if err == nil {
			matchers[i], err = query.Compile(n, query.Options{})
		}
		if err != nil {
			return nil, &schema.Error{Path: at, Msg: err.Error()}
		}
		c.fields = append(c.fields, query.FieldsOf(n))
	}
	set, err := query.NewSet(matchers...)
	if err != nil {
		return nil, &schema.Error{Path: "policies", Msg: err.Error()}
	}
	c.sets.New = func() any { return &selection{set: set.Clone()} }
	if m.addresses {
		return c, nil
	}
	return &filtered{c, m}, nil
}

// Choose sets the number of the policy that counts for each event, from 1; 0 is none. Safe for concurrent use.
func (c *chooser) Choose(b *wire.Batch, choices []int) {
	s := c.sets.Get().(*selection) //nolint:forcetypeassert // choose puts nothing else there
	defer c.sets.Put(s)
	s.matches = s.set.Match(b, s.matches)
	for i := len(s.matches) - 1; i >= 0; i-- { // from behind, so that the first counts
		for row := range choices {
			if s.matches[i][row>>6]>>(row&63)&1 != 0 {
				choices[row] = i + 1
			}
		}
	}
}

// Prefilter looks for what any policy hides.
func (f *filtered) Prefilter(arena []byte, hits []int) []int { return f.m.Prefilter(arena, hits) }

// Reads are the fields that the policies look at.
func (c *chooser) Reads() []ecs.Field {
	reads := []ecs.Field{ecs.Message, ecs.UserPassword}
	for _, names := range c.fields {
		for _, name := range names {
			if f, ok := ecs.Lookup(name); ok && !slices.Contains(reads, f) {
				reads = append(reads, f)
			}
		}
	}
	return reads
}

// Opened refuses policies that look at fields which the host does not send: they would never count.
func (c *chooser) Opened(reads []ecs.Field) error {
	names := []string{ecs.Message.Name()}
	for _, f := range reads {
		names = append(names, f.Name())
	}
	for i, fields := range c.fields {
		for _, name := range fields {
			if !slices.Contains(names, name) {
				hint := "add it under reads in plugin.yaml"
				if near := schema.Nearest(name, names); near != "" {
					hint = fmt.Sprintf("did you mean %q? otherwise %s", near, hint)
				}
				return &schema.Error{Path: schema.Index("policies", i) + ".when", Msg: fmt.Sprintf("field %s is not one that this plugin reads", name), Hint: hint}
			}
		}
	}
	return nil
}

// Reads is nothing but what is always needed: without policies no field decides.
func (m *masker) Reads() []ecs.Field { return []ecs.Field{ecs.Message, ecs.UserPassword} }
