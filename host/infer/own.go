package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// ownField gives a column a field of the plugin's own.
func (m *mapper) ownField(c *column) Field {
	name := m.ownName(c.key)
	o := Own{Name: name, Type: m.ownType(c), List: len(c.more) > 0}
	o.Description = describe(c, o.Type)
	f := Field{As: AsValue, Name: name, Type: o.Type}
	if o.Type == ecs.Date {
		f.As = AsTime
		f.Layout, _ = c.layout()
		if zoneless(f.Layout) {
			m.spec.Time.Zone = true
		}
	}
	m.spec.Own = append(m.spec.Own, o)
	m.wrote(name)
	return f
}

// ownName is the key in lower case with words parted by "_", under the plugin's name. Keys of other scripts are
// numbered.
func (m *mapper) ownName(key string) string {
	var b strings.Builder
	for _, w := range wordsOf(key) {
		w = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, w)
		if w != "" && b.Len() > 0 {
			b.WriteByte('_')
		}
		b.WriteString(w)
	}
	base := m.spec.ID + "." + b.String()
	if b.Len() == 0 {
		base = m.spec.ID + ".value"
	}
	name := base
	for n := 2; m.own[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	m.own[name] = true
	return name
}

// Words at the end of keys whose numbers are names.
var nameLike = []string{"id", "code", "no", "number", "num", "serial", "version", "index", "key"}

func (m *mapper) ownType(c *column) ecs.Type {
	switch c.kind {
	case integer:
		words := wordsOf(c.key)
		if len(words) > 0 && (slices.Contains(nameLike, words[len(words)-1]) || strings.HasSuffix(words[len(words)-1], "id")) {
			return ecs.Keyword
		}
		for _, v := range c.distinct() {
			if len(v) > 1 && v[0] == '0' {
				return ecs.Keyword
			}
		}
		return ecs.Long
	case float:
		return ecs.Double
	case boolean:
		return ecs.Boolean
	case address:
		return ecs.IP
	case instant:
		if _, ok := c.layout(); ok && len(c.more) == 0 { // the layout of others is not known
			return ecs.Date
		}
	}
	return ecs.Keyword
}

// describe says of a field of the plugin's own what the samples show.
func describe(c *column, t ecs.Type) string {
	values := c.distinct()
	show := make([]string, 0, 3)
	for _, v := range values {
		if len(v) <= 40 && len(show) < 3 {
			show = append(show, v)
		}
	}
	what := map[ecs.Type]string{
		ecs.Long: "Whole number", ecs.Double: "Number", ecs.Boolean: "Yes or no", ecs.IP: "Address", ecs.Date: "Time",
	}[t]
	if what == "" {
		what = map[kind]string{
			mac: "MAC address", location: "URL", path: "Path", host: "Host name", md5: "MD5 sum", sha256: "SHA-256 sum", text: "Text", agent: "User agent",
			integer: "Number that is a name",
		}[c.kind]
	}
	if what == "" {
		what = "Word"
	}
	d := fmt.Sprintf("%s the device writes as %s", what, c.key)
	switch {
	case t == ecs.Date || len(show) == 0:
		return d + "."
	case len(values) <= 3 && len(show) == len(values) && len(c.values) > len(values)*2:
		return d + ": " + strings.Join(show, " or ") + " in the samples."
	}
	return d + ", e.g. " + show[0] + "."
}
