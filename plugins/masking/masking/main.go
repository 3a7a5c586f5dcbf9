// Command masking replaces secrets before anything is stored, as the log standard says: passwords and keys
// become ******, the middle eight digits of ID-card and account numbers become ********.
//
// Its one idea: look for what is rare. Prefilter goes over all lines of a batch at once, at a fixed step for
// digits and with one literal search for each word; only lines it points at are read by Mask.
package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Config is what an admin may set for this plugin.
type Config struct {
	// Passwords masks the values of password, token and secret keys, credentials of HTTP and of URLs.
	Passwords bool `yaml:"passwords" default:"true"`
	// Identities masks ID-card numbers: 18 digits with a right check digit, old ones of 15 digits by region and date.
	Identities bool `yaml:"identities" default:"true"`
	// Accounts masks account and card numbers of 13 to 19 digits.
	Accounts bool `yaml:"accounts" default:"true"`
	// Luhn demands that an account number has a right check digit and begins like a card. Without it every
	// number of 13 to 19 digits that is no time is masked.
	Luhn bool `yaml:"luhn" default:"true"`
	// Keys are more words whose values are secrets, in any case of letters, at least three bytes each.
	Keys []string `yaml:"keys"`
	// ExcludeKeys are words whose values are no secrets after all, e.g. token.
	ExcludeKeys []string `yaml:"exclude_keys"`
	// ExcludeValues are values of keys that are no secrets, in any case of letters.
	ExcludeValues []string `yaml:"exclude_values" default:"null,none,nil,true,false,undefined"`
	// Rules mask what a regular expression finds.
	Rules []Rule `yaml:"rules"`
}

// Rule masks what a regular expression finds.
type Rule struct {
	// Contains is a text that every match contains, in any case of letters: lines without it are not looked at.
	Contains string `yaml:"contains" required:"true"`
	// Pattern is a regular expression (RE2, https://github.com/google/re2/wiki/Syntax).
	Pattern string `yaml:"pattern" required:"true"`
	// Group is the capturing group that is masked; 0 is the whole match.
	Group int `yaml:"group" min:"0" max:"100"`
	// With stands in its place.
	With string `yaml:"with" default:"******"`
}

type rule struct {
	contains []byte // folded
	pattern  *regexp.Regexp
	group    int
	with     string
}

type masker struct {
	c        Config
	keys     []key
	families []family
	words    *scanner // what Prefilter looks for
	exclude  []string
	rules    []rule
}

// minLiteral keeps a literal from being found in every line.
const minLiteral = 3

// New returns a masker, which is safe for concurrent use.
func New(c Config) (sdk.Masker, error) {
	m := &masker{c: c, exclude: c.ExcludeValues}
	if c.Passwords {
		m.keys = slices.Clone(builtin)
	}
	for i, word := range c.Keys {
		if len(word) < minLiteral {
			return nil, &schema.Error{Path: schema.Index("keys", i), Msg: fmt.Sprintf("%q is too short", word), Hint: "at least three bytes"}
		}
		m.keys = append(m.keys, key{word: fold(word)})
	}
	for i, word := range c.ExcludeKeys {
		n := len(m.keys)
		m.keys = slices.DeleteFunc(m.keys, func(k key) bool { return bytes.Equal(k.word, fold(word)) })
		if n == len(m.keys) {
			return nil, &schema.Error{Path: schema.Index("exclude_keys", i), Msg: fmt.Sprintf("%q is not a key", word), Hint: "keys: " + keyNames()}
		}
	}
	for i, r := range c.Rules {
		p, err := regexp.Compile(r.Pattern)
		path := schema.Index("rules", i)
		switch {
		case err != nil:
			return nil, &schema.Error{Path: path + ".pattern", Msg: err.Error()}
		case r.Group > p.NumSubexp():
			return nil, &schema.Error{Path: path + ".group", Msg: fmt.Sprintf("the pattern has no group %d", r.Group), Hint: fmt.Sprintf("0 to %d", p.NumSubexp())}
		case len(r.Contains) < minLiteral:
			return nil, &schema.Error{Path: path + ".contains", Msg: fmt.Sprintf("%q is too short", r.Contains), Hint: "at least three bytes"}
		}
		m.rules = append(m.rules, rule{fold(r.Contains), p, r.Group, r.With})
	}
	m.families = families(m.keys)
	m.words = newScanner(m.literals())
	return m, nil
}

// literals are the fewest texts of which every key and rule contains one.
func (m *masker) literals() (out [][]byte) {
	var all [][]byte
	for _, k := range m.keys {
		all = append(all, k.rare())
	}
	for _, r := range m.rules {
		all = append(all, r.contains)
	}
	if m.c.Accounts || m.c.Identities {
		all = append(all, fold("%2d")) // a hyphen in a query string, between groups of digits: no run of them
	}
	slices.SortStableFunc(all, func(a, b []byte) int { return len(a) - len(b) })
	for _, l := range all {
		if !slices.ContainsFunc(out, func(have []byte) bool { return bytes.Contains(l, have) }) {
			out = append(out, l)
		}
	}
	return out
}

// Mask adds the edits of one line or value.
func (m *masker) Mask(text []byte, e *sdk.Edits) error {
	if e.Field() == ecs.UserPassword && len(text) > 0 {
		e.Replace(0, len(text), stars)
		return nil
	}
	var local [1024]byte
	folded := append(local[:0], text...)
	foldInto(folded, text)
	for i := range m.families {
		f := &m.families[i]
		if !bytes.Contains(folded, f.rare) {
			continue
		}
		for j := range f.keys {
			m.maskKey(&f.keys[j], text, folded, e)
		}
	}
	if m.c.Passwords {
		maskUserinfo(text, e)
	}
	for i := range m.rules {
		m.rules[i].mask(text, folded, e)
	}
	if m.c.Accounts || m.c.Identities {
		m.maskNumbers(text, e)
	}
	return nil
}

func (r *rule) mask(text, folded []byte, e *sdk.Edits) {
	if !bytes.Contains(folded, r.contains) {
		return
	}
	for _, at := range r.pattern.FindAllSubmatchIndex(text, -1) {
		if from, to := at[2*r.group], at[2*r.group+1]; from >= 0 && to > from {
			e.Replace(from, to, r.with)
		}
	}
}

// Prefilter finds where secrets may be.
func (m *masker) Prefilter(arena []byte, hits []int) []int {
	first := len(hits)
	for from := 0; from < len(arena); from += block {
		to := min(from+block, len(arena))
		hits = m.words.find(arena, from, to, hits)
		if m.c.Passwords {
			hits = ats(arena, from, to, hits)
		}
		if m.c.Accounts || m.c.Identities {
			hits = numberHits(arena, from, to, hits)
		}
	}
	slices.Sort(hits[first:])
	return hits
}

// block is how much is looked at for one thing after the other: it stays in the nearest cache meanwhile. Words are
// looked for at every eighth byte.
const block = 16 << 10

func keyNames() string {
	names := make([]string, 0, len(builtin))
	for _, k := range builtin {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

func main() { sdk.ServeMasker(New) }
