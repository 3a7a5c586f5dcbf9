package sigma

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/rule"
)

// correlation is what a Sigma correlation says.
type correlation struct {
	Type      string                       `yaml:"type"`
	Rules     []string                     `yaml:"rules"`
	GroupBy   []string                     `yaml:"group-by"`
	Timespan  string                       `yaml:"timespan"`
	Condition map[string]yaml.Node         `yaml:"condition"`
	Aliases   map[string]map[string]string `yaml:"aliases"`
}

// aggregates of the correlations that compare a number.
var aggregates = map[string]string{"event_count": "count", "value_count": "distinct", "value_sum": "sum", "value_avg": "avg"}

// correlate converts a correlation, and notes the rules that it is made of.
func (c *converter) correlate(d *document, used map[*document]bool) Result {
	r := d.result()
	if !c.o.Deprecated && (d.Status == "deprecated" || d.Status == "unsupported") {
		return r.refused(refuse(Outdated, "status: %s", d.Status))
	}
	c.notes = nil
	related, err := c.related(d)
	if err != nil {
		return r.refused(err)
	}
	made := c.base(d)
	if made.Window, err = timespan(d.Correlation.Timespan); err != nil || made.Window < time.Second {
		return r.refused(refuse(BadRule, "timespan: %q", d.Correlation.Timespan))
	}
	switch t := d.Correlation.Type; {
	case aggregates[t] != "":
		err = c.counted(d, related, made)
	case t == "temporal" || t == "temporal_ordered":
		err = c.temporal(d, related, made)
	default:
		err = refuse(NoCorrelation, "type: %s", t)
	}
	if err != nil {
		return r.refused(err)
	}
	r.Notes = c.notes
	if r = r.checked(made); r.Rule != nil {
		for _, p := range related {
			used[p] = true
		}
	}
	return r
}

// related are the documents that a correlation is made of.
func (c *converter) related(d *document) (out []*document, err error) {
	for _, name := range d.Correlation.Rules {
		p := c.byName[name]
		switch {
		case p == nil:
			return nil, refuse(MissingRelated, "there is no rule %s", name)
		case p.err != nil:
			return nil, refuse(MissingRelated, "%s: %v", name, p.err)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, refuse(BadRule, "rules: there are none")
	}
	return out, nil
}

// counted makes a frequency rule.
func (c *converter) counted(d *document, related []*document, made *rule.Rule) (err error) {
	made.Type, made.Aggregate = "frequency", aggregates[d.Correlation.Type]
	var some []query.Node
	for i, p := range related {
		if p.made == nil {
			return refuse(NoCorrelation, "%s of another correlation", d.Correlation.Type)
		}
		some = append(some, p.made.node)
		by, err := c.groupBy(d, p)
		if err != nil {
			return err
		}
		if i > 0 && !slices.Equal(by, made.GroupBy) {
			return refuse(NoCorrelation, "%s over rules whose group-by are different fields: %v and %v", d.Correlation.Type, made.GroupBy, by)
		}
		made.GroupBy = by
	}
	made.Query = query.Format(join(or, some))
	if made.Aggregate != "count" {
		if made.Field, err = c.counts(d, related[0], made.Aggregate); err != nil {
			return err
		}
	}
	return c.threshold(d, made)
}

// counts is the field whose values are counted, summed up or averaged.
func (c *converter) counts(d *document, p *document, aggregate string) (string, error) {
	n := d.Correlation.Condition["field"]
	if n.Kind != yaml.ScalarNode {
		return "", refuse(NoCorrelation, "condition.field: want one")
	}
	f, typ, err := c.named(n.Value, p)
	if err == nil && aggregate != "distinct" && typ != ecs.Long && typ != ecs.Double {
		return "", refuse(NoValue, "condition.field: %s is of type %s", f, typ)
	}
	return f, err
}

// threshold reads the comparison of a condition.
func (c *converter) threshold(d *document, made *rule.Rule) error {
	ops := slices.DeleteFunc(slices.Sorted(maps.Keys(d.Correlation.Condition)), func(k string) bool { return k == "field" })
	if len(ops) != 1 {
		return refuse(NoCorrelation, "condition: %v; one comparison is supported", ops)
	}
	limit := d.Correlation.Condition[ops[0]]
	v, err := strconv.ParseFloat(limit.Value, 64)
	if err != nil {
		return refuse(BadRule, "condition.%s: %q", ops[0], limit.Value)
	}
	whole := made.Aggregate == "count" || made.Aggregate == "distinct"
	switch op := ops[0]; {
	case op == "gt":
		made.Threshold = v
	case op == "gte" && whole:
		made.Threshold = v - 1
	case op == "gte":
		made.Threshold = math.Nextafter(v, math.Inf(-1))
	case op == "lt" && made.Aggregate == "avg":
		made.Compare, made.Threshold = "below", v
	case op == "lte" && made.Aggregate == "avg":
		made.Compare, made.Threshold = "below", math.Nextafter(v, math.Inf(1))
	default:
		return refuse(NoCorrelation, "condition.%s of a %s", op, d.Correlation.Type)
	}
	if whole && made.Threshold < 0 {
		return refuse(NoCorrelation, "condition.%s: %s is always so", ops[0], limit.Value)
	}
	return nil
}

// temporal makes a simultaneous rule, or a sequence.
func (c *converter) temporal(d *document, related []*document, made *rule.Rule) error {
	made.Type = "simultaneous"
	if d.Correlation.Type == "temporal_ordered" {
		made.Type = "sequence"
	}
	if n, ok := d.Correlation.Condition["gte"]; len(d.Correlation.Condition) > 0 && (!ok || n.Value != strconv.Itoa(len(related))) {
		return refuse(NoCorrelation, "condition of a %s", d.Correlation.Type)
	}
	if len(related) < 2 {
		return refuse(NoCorrelation, "%s of one rule", d.Correlation.Type)
	}
	for _, p := range related {
		step := rule.Step{Count: 1}
		if p.Correlation != nil { // many failures, then a success
			inner, err := c.related(p)
			if err != nil {
				return err
			}
			if made.Type != "sequence" || p.Correlation.Type != "event_count" || len(inner) != 1 || inner[0].made == nil {
				return refuse(NoCorrelation, "%s of a %s", d.Correlation.Type, p.Correlation.Type)
			}
			count := rule.Rule{Aggregate: "count"}
			if err := c.threshold(p, &count); err != nil {
				return err
			}
			if count.Threshold >= 50 {
				return refuse(NoCorrelation, "%.0f events of a step; 50 are the most", count.Threshold+1)
			}
			step.Count = int(count.Threshold) + 1
			c.note("%s counts within the timespan of the whole", p.Title)
			p = inner[0]
		}
		step.Query = query.Format(p.made.node)
		by, err := c.groupBy(d, p)
		if err != nil {
			return err
		}
		step.By = by
		made.Steps = append(made.Steps, step)
	}
	made.GroupBy = made.Steps[0].By
	return nil
}

// groupBy are the fields of a rule's events that tie them to others.
func (c *converter) groupBy(d, p *document) (by []string, err error) {
	for _, name := range d.Correlation.GroupBy {
		if alias, ok := d.Correlation.Aliases[name]; ok {
			if name, ok = alias[p.Name]; !ok {
				if name, ok = alias[p.ID]; !ok {
					return nil, refuse(BadRule, "aliases: no field for the rule %s", p.Name)
				}
			}
		}
		f, _, err := c.named(name, p)
		if err != nil {
			return nil, err
		}
		by = append(by, f)
	}
	return by, nil
}

// named is the one field that a name is in the events of a rule.
func (c *converter) named(name string, p *document) (string, ecs.Type, error) {
	f := name
	if t, ok := p.made.source.field(name); ok {
		if len(t.Fields) == 0 {
			return "", 0, refuse(NoField, "%s is no single field", name)
		}
		if f = t.Fields[0]; len(t.Fields) > 1 {
			c.note("%s is %s", name, f)
		}
	}
	typ, known := c.o.TypeOf(f)
	if !known {
		return "", 0, refuse(NoField, "%s (%s)", name, p.LogSource)
	}
	return f, typ, nil
}
