// Command masking replaces what is confidential before anything is stored, as the log standard says: passwords and keys
// become ******, the middle eight digits of ID-card and account numbers become ********. What it knows is a catalogue
// of rules (catalogue.go), which the config switches.
//
// Its one idea: look for what is rare. Prefilter goes over all lines of a batch at once, at a fixed step for
// digits and with one literal search for all words; only lines it points at are read by Mask.
package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/token"
)

// Config is what an admin may set for this plugin.
type Config struct {
	Switches `yaml:",inline"`
	// Policies mask some events otherwise than the rest, as by stream or by device.
	Policies []Policy `yaml:"policies"`
	// HashKeyFile is a file with the key of the mode hash, 32 bytes or more. Who has it can tell whether a hash is of a
	// value that they guess.
	HashKeyFile string `yaml:"hash_key_file"`
	// TokenKeyFile is the file tokens.key of `logcenter masking keygen`, for the mode tokenise. It opens no tokens.
	TokenKeyFile string `yaml:"token_key_file"`
	// Keys are more words whose values are secrets, in any case of letters, at least three bytes each. They belong to
	// the rule password.
	Keys []string `yaml:"keys"`
	// ExcludeKeys are words whose values are no secrets after all, e.g. token.
	ExcludeKeys []string `yaml:"exclude_keys"`
	// ExcludeValues are values of keys that are no secrets, in any case of letters.
	ExcludeValues []string `yaml:"exclude_values" default:"null,none,nil,true,false,undefined,yes,no"`
	// Patterns hide what a regular expression finds.
	Patterns []Pattern `yaml:"patterns"`
}

// Pattern hides what a regular expression finds.
type Pattern struct {
	// Contains is a text that every match contains, in any case of letters: lines without it are not looked at.
	Contains string `yaml:"contains" required:"true"`
	// Pattern is a regular expression (RE2, https://github.com/google/re2/wiki/Syntax).
	Pattern string `yaml:"pattern" required:"true"`
	// Group is the capturing group that is hidden; 0 is the whole match.
	Group int `yaml:"group" min:"0" max:"100"`
	// With stands in its place.
	With string `yaml:"with" default:"******"`
}

type pattern struct {
	contains []byte // folded
	pattern  *regexp.Regexp
	group    int
	with     string
}

type masker struct {
	rules    ruleset   // what any event needs: of all policies together
	chosen   []ruleset // by the number that Choose gives an event; 0 is that of events without a policy
	families []family
	words    *scanner // what Prefilter looks for
	exclude  []string
	patterns []pattern
	hasher   *hasher    // nil unless a rule hashes
	tokens   *token.Key // nil unless a rule makes tokens
	// Which kinds of numbers are looked for: those of cards, people and accounts, of telephones, private addresses.
	long, mobiles, addresses bool

	scratch sync.Pool
}

const (
	// minLiteral keeps a literal from being found in every line.
	minLiteral = 3
	// maxExtra bounds the keys and patterns of a config.
	maxExtra = 100
)

// New returns a masker, which is safe for concurrent use.
func New(c Config) (sdk.Masker, error) {
	m := &masker{exclude: c.ExcludeValues}
	m.scratch.New = func() any { return new(scratch) }
	if err := m.choices(c); err != nil {
		return nil, err
	}
	var err error
	m.long = m.rules.has(ruleIDCard, ruleBankCard, ruleAccount, ruleLongNumber)
	m.mobiles, m.addresses = m.rules.has(ruleMobile), m.rules.has(ruleInternalIP)
	if m.any(hash) {
		if m.hasher, err = newHasher(c.HashKeyFile); err != nil {
			return nil, err
		}
	}
	if m.any(tokenise) {
		if m.tokens, err = newTokens(c.TokenKeyFile); err != nil {
			return nil, err
		}
	}
	keys, err := c.words()
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k key) bool { return m.rules[k.rule] == off })
	if err := m.compile(c.Patterns); err != nil {
		return nil, err
	}
	m.families = m.arrange(keys)
	m.words = newScanner(m.literals())
	if len(c.Policies) > 0 {
		return choose(m, c.Policies)
	}
	if m.addresses {
		return struct { // nearly every line has one: a prefilter only costs
			sdk.Masker
			sdk.Narrower
		}{m, m}, nil
	}
	return m, nil
}

// choices makes the rulesets of the policies, and of the rest.
func (m *masker) choices(c Config) error {
	rest, err := c.over(defaults())
	if err != nil {
		return err
	}
	if len(c.Policies) > maxPolicies {
		return &schema.Error{Path: "policies", Msg: fmt.Sprintf("there are %d", len(c.Policies)), Hint: fmt.Sprintf("at most %d", maxPolicies)}
	}
	m.chosen = []ruleset{rest}
	for i, p := range c.Policies {
		one, err := p.over(rest)
		if err != nil {
			return schema.Under(schema.Index("policies", i), err)
		}
		m.chosen = append(m.chosen, one)
	}
	for _, one := range m.chosen {
		for r, how := range one {
			if how != off {
				m.rules[r] = mask
			}
		}
	}
	return nil
}

// any says whether any rule is in the mode.
func (m *masker) any(of mode) bool {
	return slices.ContainsFunc(m.chosen, func(s ruleset) bool { return slices.Contains(s[:], of) })
}

// words are the keys of the catalogue as the config changes them.
func (c Config) words() ([]key, error) {
	keys := slices.Clone(words)
	for i := range keys {
		keys[i].word = fold(keys[i].name)
	}
	if len(c.Keys) > maxExtra {
		return nil, &schema.Error{Path: "keys", Msg: fmt.Sprintf("there are %d", len(c.Keys)), Hint: fmt.Sprintf("at most %d", maxExtra)}
	}
	for i, word := range c.Keys {
		if len(word) < minLiteral {
			return nil, &schema.Error{Path: schema.Index("keys", i), Msg: fmt.Sprintf("%q is too short", word), Hint: "at least three bytes"}
		}
		keys = append(keys, key{rule: rulePassword, name: word, word: fold(word)})
	}
	for i, word := range c.ExcludeKeys {
		n := len(keys)
		keys = slices.DeleteFunc(keys, func(k key) bool { return bytes.Equal(k.word, fold(word)) })
		if n == len(keys) {
			return nil, &schema.Error{Path: schema.Index("exclude_keys", i), Msg: fmt.Sprintf("%q is not a key", word), Hint: "keys: " + keyNames()}
		}
	}
	return keys, nil
}

func (m *masker) compile(patterns []Pattern) error {
	if len(patterns) > maxExtra {
		return &schema.Error{Path: "patterns", Msg: fmt.Sprintf("there are %d", len(patterns)), Hint: fmt.Sprintf("at most %d", maxExtra)}
	}
	for i, r := range patterns {
		p, err := regexp.Compile(r.Pattern)
		path := schema.Index("patterns", i)
		switch {
		case err != nil:
			return &schema.Error{Path: path + ".pattern", Msg: err.Error()}
		case r.Group > p.NumSubexp():
			return &schema.Error{Path: path + ".group", Msg: fmt.Sprintf("the pattern has no group %d", r.Group), Hint: fmt.Sprintf("0 to %d", p.NumSubexp())}
		case len(r.Contains) < minLiteral:
			return &schema.Error{Path: path + ".contains", Msg: fmt.Sprintf("%q is too short", r.Contains), Hint: "at least three bytes"}
		}
		m.patterns = append(m.patterns, pattern{fold(r.Contains), p, r.Group, r.With})
	}
	return nil
}

// Mask adds the edits of one line or value.
func (m *masker) Mask(text []byte, e *sdk.Edits) error {
	rules := &m.chosen[e.Choice()]
	if e.Field() == ecs.UserPassword && len(text) > 0 && rules[rulePassword] != off {
		if rules[rulePassword] == mask || !excludedMark(text) { // what is hashed must not be hashed again
			p := pass{m: m, rules: rules, e: e, text: text}
			p.hide(rulePassword, 0, len(text))
		}
		return nil
	}
	s := m.scratch.Get().(*scratch) //nolint:forcetypeassert // New puts nothing else there
	defer m.scratch.Put(s)
	p := &s.pass
	*p = pass{m: m, rules: rules, s: s, e: e, text: text}
	p.run()
	if s.first.undo(text) {
		p.view, p.text = &s.first, s.first.out
		p.run()
		if s.second.undo(s.first.out) { // escaped twice: JSON in JSON, a URL in a URL
			s.second.of = &s.first
			p.view, p.text = &s.second, s.second.out
			p.run()
		}
		p.view, p.text = nil, text
	}
	p.parameters()
	s.trim()
	return nil
}

// Prefilter finds where secrets may be.
func (m *masker) Prefilter(arena []byte, hits []int) []int {
	first := len(hits)
	ats := m.rules.has(ruleUserinfo, ruleEmail)
	for from := 0; from < len(arena); from += block {
		to := min(from+block, len(arena))
		hits = m.words.find(arena, from, to, hits)
		if ats {
			hits = atHits(arena, from, to, hits)
		}
		if m.long {
			hits = longHits(arena, from, to, hits)
		}
		if m.mobiles {
			hits = mobileHits(arena, from, to, hits)
		}
		hits = escapeHits(arena, from, to, hits)
		hits = parameterHits(arena, from, to, hits)
	}
	slices.Sort(hits[first:])
	return hits
}

// block is how much is looked at for one thing after the other: it stays in the nearest cache meanwhile. Words are
// looked for at every eighth byte.
const block = 16 << 10

func keyNames() string {
	names := make([]string, 0, len(words))
	for _, k := range words {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

func main() { sdk.ServeMasker(New) }
