package sigma

import (
	"bytes"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Write is a file of rules, as they are read from the rules folder: keys at their default are left out. Notes stand above
// their rule as comments.
func Write(results []Result) ([]byte, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, r := range results {
		if r.Rule == nil {
			continue
		}
		n, err := node(r.Rule)
		if err != nil {
			return nil, err
		}
		for i, note := range r.Notes {
			if i > 0 {
				n.HeadComment += "\n"
			}
			n.HeadComment += "# " + note
		}
		list.Content = append(list.Content, n)
	}
	doc := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "rules"}, list}}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	return b.Bytes(), enc.Close()
}

// node is a rule without what is at its default, keys in the order of the struct.
func node(r *rule.Rule) (*yaml.Node, error) {
	var normal rule.Rule
	schema.Defaults(&normal)
	return differences(reflect.ValueOf(*r), reflect.ValueOf(normal))
}

func differences(v, normal reflect.Value) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		if key == "" || reflect.DeepEqual(v.Field(i).Interface(), normal.Field(i).Interface()) {
			continue
		}
		value := new(yaml.Node)
		if steps, ok := v.Field(i).Interface().([]rule.Step); ok {
			value.Kind = yaml.SequenceNode
			for k := range steps {
				n, err := differences(reflect.ValueOf(steps[k]), reflect.ValueOf(rule.Step{Count: 1}))
				if err != nil {
					return nil, err
				}
				value.Content = append(value.Content, n)
			}
		} else if err := value.Encode(v.Field(i).Interface()); err != nil {
			return nil, fmt.Errorf("write a rule: %s: %w", key, err)
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	}
	return out, nil
}
