package query

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// soloRunes are the characters that are tokens of their own and that re matches, as sorted pairs.
func soloRunes(re *syntax.Regexp) []rune {
	var out []rune
	for _, r := range singles(re) {
		out = append(out, r[0], r[1])
	}
	return joined(out)
}

// singles are the ranges of token characters that re matches as a text of one character, sorted.
func singles(re *syntax.Regexp) [][2]rune {
	switch re.Op {
	case syntax.OpLiteral:
		if len(re.Rune) == 1 && classOf(re.Rune[0]) == soloChar {
			return [][2]rune{{re.Rune[0], re.Rune[0]}}
		}
		return nil
	case syntax.OpCharClass:
		return soloIn(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return soloIn([]rune{0, utf8.MaxRune})
	case syntax.OpCapture, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return singles(re.Sub[0])
	case syntax.OpRepeat:
		if re.Max == 0 || re.Min > 1 && !nullable(re.Sub[0]) {
			return nil
		}
		return singles(re.Sub[0])
	case syntax.OpConcat:
		var out [][2]rune
		for i, s := range re.Sub {
			others := true
			for j, o := range re.Sub {
				others = others && (i == j || nullable(o))
			}
			if others {
				out = append(out, singles(s)...)
			}
		}
		return sortRanges(out)
	case syntax.OpAlternate:
		var out [][2]rune
		for _, s := range re.Sub {
			out = append(out, singles(s)...)
		}
		return sortRanges(out)
	default:
		return nil
	}
}

func sortRanges(rs [][2]rune) [][2]rune {
	slices.SortFunc(rs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	return rs
}

// soloBlocks bounds where tokens of one character lie, so that allSolo need not look at all of Unicode.
var soloBlocks = [][2]rune{{0x2e80, 0xa4cf}, {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x16fe0, 0x16fff}, {0x1aff0, 0x1b2ff}, {0x20000, 0x3fffd}}

// allSolo are the characters that are tokens of their own.
var allSolo = sync.OnceValue(func() [][2]rune {
	var out [][2]rune
	for _, b := range soloBlocks {
		for r := b[0]; r <= b[1]; r++ {
			if classOf(r) != soloChar {
				continue
			}
			if n := len(out); n > 0 && out[n-1][1] == r-1 {
				out[n-1][1] = r
			} else {
				out = append(out, [2]rune{r, r})
			}
		}
	}
	return out
})

func soloIn(ranges []rune) [][2]rune {
	var out [][2]rune
	for i := 0; i < len(ranges); i += 2 {
		for _, b := range allSolo() {
			if lo, hi := max(b[0], ranges[i]), min(b[1], ranges[i+1]); lo <= hi {
				out = append(out, [2]rune{lo, hi})
			}
		}
	}
	return out
}

// maxLiterals bounds the set of required literals: more are worse than none before a scan.
const maxLiterals = 16

// requiredLiterals finds strings of which every match has one, lower-cased for text; nil if there are none.
func requiredLiterals(re *syntax.Regexp, text bool) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if s := literalText(re); s != "" {
			return []string{s}
		}
		return nil
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiterals(re.Sub[0], text)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiterals(re.Sub[0], text)
		}
		return nil
	case syntax.OpCharClass:
		return classLiterals(re.Rune, text)
	case syntax.OpConcat:
		var best []string
		for _, s := range re.Sub {
			if l := requiredLiterals(s, text); better(l, best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, s := range re.Sub {
			l := requiredLiterals(s, text)
			if l == nil {
				return nil
			}
			all = append(all, l...)
		}
		slices.Sort(all)
		if all = slices.Compact(all); len(all) > maxLiterals {
			return nil
		}
		return all
	default:
		return nil
	}
}

// literalText is the longest part of a literal that lower-casing makes the only form in lower-cased text.
func literalText(re *syntax.Regexp) string {
	if re.Flags&syntax.FoldCase == 0 {
		return string(re.Rune)
	}
	best, from := "", 0
	cut := func(to int) {
		if s := lowerText(string(re.Rune[from:to])); len(s) > len(best) {
			best = s
		}
		from = to + 1
	}
	for i, r := range re.Rune {
		if len(loweredFoldings(r, true)) != 1 { // e.g. the two small sigmas
			cut(i)
		}
	}
	cut(len(re.Rune))
	return best
}

// classLiterals spells out small classes such as [Ee], which are what [Ff]ail is made of.
func classLiterals(ranges []rune, text bool) []string {
	var out []string
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(out) == 8 {
				return nil
			}
			if text {
				out = append(out, string(lower(r)))
			} else {
				out = append(out, string(r))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// better says whether literals a filter better than b: the shortest of them counts, then their number.
func better(a, b []string) bool {
	if a == nil || b == nil {
		return a != nil
	}
	la, lb := shortest(a), shortest(b)
	return la > lb || la == lb && len(a) < len(b)
}

func shortest(ss []string) int {
	n := len(ss[0])
	for _, s := range ss[1:] {
		n = min(n, len(s))
	}
	return n
}

// setNeedles has values of keywords looked through for the literals before the expression is tried. In any case only
// ASCII is looked for, and the literals are for nobody else.
func (r *Pattern) setNeedles() {
	for _, l := range r.literals {
		if r.fold && strings.ContainsFunc(l, func(c rune) bool { return c >= utf8.RuneSelf }) {
			r.needles = nil
			break
		}
		r.needles = append(r.needles, []byte(l))
	}
	if r.fold {
		r.literals = nil
	}
}

// mayMatch says whether a keyword's value has one of the literals; true if nothing is known.
func (r *Pattern) mayMatch(value []byte) bool {
	if r.needles == nil {
		return true
	}
	for _, l := range r.needles {
		if r.fold && containsFold(value, l) || !r.fold && bytes.Contains(value, l) {
			return true
		}
	}
	return false
}

// containsFold says whether value has the lower-cased ASCII text l in any case. l is not empty.
func containsFold(value, l []byte) bool {
next:
	for i := 0; i+len(l) <= len(value); i++ {
		for k, c := range l {
			if asciiLower[value[i+k]] != c {
				continue next
			}
		}
		return true
	}
	return false
}
