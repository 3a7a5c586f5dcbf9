package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"slices"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/token"
)

// scratch is what Mask works in; its masker keeps a pool.
type scratch struct {
	pass, inner   pass
	folded        []byte
	first, second view
	decoded       []byte
	hits          []int
}

// maxScratch is what a buffer may keep for the next line.
const maxScratch = 64 << 10

// trim lets go of the line, and of buffers that grew.
func (s *scratch) trim() {
	s.pass, s.inner = pass{}, pass{}
	for _, b := range []*[]byte{&s.folded, &s.first.out, &s.second.out, &s.decoded} {
		if cap(*b) > maxScratch {
			*b = nil
		}
	}
}

// pass is all rules over one text: a line, what it is with its escapes undone, or what a parameter decodes to.
type pass struct {
	m     *masker
	rules *ruleset // of the event
	s     *scratch
	e     *sdk.Edits
	text  []byte
	view  *view // of which text is; nil: the line itself
	probe bool  // nothing is hidden, only that something was found, and by which rule
	found bool
	by    ruleID
}

// run looks for everything.
func (p *pass) run() {
	folded, m := slices.Grow(p.s.folded[:0], len(p.text))[:len(p.text)], p.m
	p.s.folded = folded
	foldInto(folded, p.text)
	found := m.words.families(folded)
	for w, some := range found {
		for ; some != 0; some &= some - 1 {
			m.families[w<<6|bits.TrailingZeros64(some)].find(p, folded)
		}
	}
	if m.rules.has(ruleUserinfo, ruleEmail) {
		p.ats()
	}
	for i := range m.patterns {
		m.patterns[i].find(p, folded)
	}
	if m.addresses || m.mobiles || p.hasNumbers() {
		p.numbers()
	}
}

// hasNumbers says whether numbers may find one that is long: it looks at every digit, which costs more than this.
func (p *pass) hasNumbers() bool {
	if !p.m.long {
		return false
	}
	p.s.hits = longHits(p.text, 0, len(p.text), p.s.hits[:0])
	return len(p.s.hits) > 0 || bytes.Contains(p.s.folded, hyphen)
}

func (r *pattern) find(p *pass, folded []byte) {
	if !bytes.Contains(folded, r.contains) {
		return
	}
	for _, at := range r.pattern.FindAllSubmatchIndex(p.text, -1) {
		if from, to := at[2*r.group], at[2*r.group+1]; from >= 0 && to > from {
			p.replace(from, to, r.with)
		}
	}
}

// hide hides a value that rule r has found.
func (p *pass) hide(r ruleID, start, end int) {
	p.part(r, start, end, start, end, stars)
}

// part hides the value [start, end): all of it, or in the mode mask only [from, to) behind with.
func (p *pass) part(r ruleID, start, end, from, to int, with string) {
	switch p.rules[r] {
	case off:
		return
	case mask:
		p.by = r
		p.replace(from, to, with)
	case hash:
		p.by = r
		p.replace(start, end, p.m.hasher.of(p.text[start:end]))
	case drop:
		p.by = r
		p.replace(start, end, dropped)
	case tokenise:
		p.by = r
		with := stars // for what is too long
		if t, ok := p.m.tokens.Of(p.text[start:end]); ok {
			with = t
		}
		p.replace(start, end, with)
	}
}

func (p *pass) replace(start, end int, with string) {
	if p.probe {
		p.found = true
		return
	}
	if p.view != nil {
		start, end = p.view.at(start), p.view.at(end)
	}
	p.e.Replace(start, end, with)
}

const (
	stars   = "******"
	dropped = "[dropped]"
	hashed  = "hmac:"
)

// excludedMark says that a value is what this plugin puts in the place of one.
func excludedMark(v []byte) bool {
	return len(bytes.Trim(v, "*")) == 0 || string(v) == dropped || len(v) == len(hashed)+2*hashBytes && has(v, hashed) || token.Is(v)
}

// hashBytes of the HMAC are shown: values are told apart by them, not proved.
const hashBytes = 8

// newTokens reads the key that makes tokens.
func newTokens(path string) (*token.Key, error) {
	if path == "" {
		return nil, &schema.Error{Path: "token_key_file", Msg: "a rule makes tokens, and there is no key", Hint: "the file tokens.key that `logcenter masking keygen` writes"}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &schema.Error{Path: "token_key_file", Msg: err.Error()}
	}
	k, err := token.ParseKey(text)
	if err != nil {
		return nil, &schema.Error{Path: "token_key_file", Msg: fmt.Sprintf("%s: %v", path, err)}
	}
	return k, nil
}

// hasher makes equal texts of equal values, which nobody without the key can try values against.
type hasher struct{ key []byte }

// minKey is how long a key must be: that of the hash (RFC 2104, section 3).
const minKey = 32

func newHasher(path string) (*hasher, error) {
	if path == "" {
		return nil, &schema.Error{Path: "hash_key_file", Msg: "a rule hashes, and there is no key", Hint: "a file with 32 random bytes or more, as `head -c 32 /dev/urandom` writes"}
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, &schema.Error{Path: "hash_key_file", Msg: err.Error()}
	}
	if len(key) < minKey {
		return nil, &schema.Error{Path: "hash_key_file", Msg: fmt.Sprintf("%s has %d bytes", path, len(key)), Hint: fmt.Sprintf("at least %d", minKey)}
	}
	return &hasher{key}, nil
}

func (h *hasher) of(value []byte) string {
	mac := hmac.New(sha256.New, h.key)
	mac.Write(value)
	return hashed + hex.EncodeToString(mac.Sum(nil)[:hashBytes])
}

// has says whether any of the rules is on.
func (s *ruleset) has(rules ...ruleID) bool {
	for _, r := range rules {
		if s[r] != off {
			return true
		}
	}
	return false
}
