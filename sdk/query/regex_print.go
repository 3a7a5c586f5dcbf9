package query

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

type dialect int

const (
	dialectGo     dialect = iota // Go's and RE2's common syntax, keeping the tree's case folding
	dialectLucene                // for values in their case
	dialectLower                 // Lucene, for lower-cased tokens
	dialectRun                   // RE2 over raw text, staying inside a run of letters and digits
)

// printRegex prints a tree without anchors at its ends for Lucene dialects, else with them.
func printRegex(re *syntax.Regexp, d dialect) string {
	var b strings.Builder
	p := printer{&b, d}
	p.print(re, false)
	return b.String()
}

type printer struct {
	*strings.Builder
	dialect dialect
}

// runEdge are the characters that are in no run: separators and those that are tokens of their own.
const runEdge = `[^\p{L}\p{M}\p{Nd}]|[\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\x{ff70}]`

// notRun are the same for use in a negated class, but for code points that Unicode has not assigned.
const notRun = `\p{Z}\p{P}\p{S}\p{C}\p{Nl}\p{No}\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\x{ff70}`

const never = `[^\x00-\x{10ffff}]`

// print writes re; atom says that it must be one atom, for a quantifier behind it.
func (p printer) print(re *syntax.Regexp, atom bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		p.empty()
	case syntax.OpLiteral:
		p.literal(re, atom)
	case syntax.OpCharClass:
		p.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		p.any()
	case syntax.OpBeginText:
		p.begin()
	case syntax.OpEndText:
		p.finish()
	case syntax.OpCapture:
		p.print(re.Sub[0], atom)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		p.open(atom)
		p.print(re.Sub[0], true)
		p.quantifier(re)
		p.close(atom)
	case syntax.OpConcat:
		p.open(atom)
		for _, s := range re.Sub {
			p.print(s, s.Op == syntax.OpAlternate)
		}
		p.close(atom)
	case syntax.OpAlternate:
		p.open(atom)
		for i, s := range re.Sub {
			if i > 0 {
				p.WriteByte('|')
			}
			p.print(s, false)
		}
		p.close(atom)
	default:
		p.WriteString(never)
	}
}

func (p printer) quantifier(re *syntax.Regexp) {
	switch {
	case re.Op == syntax.OpStar:
		p.WriteByte('*')
	case re.Op == syntax.OpPlus:
		p.WriteByte('+')
	case re.Op == syntax.OpQuest:
		p.WriteByte('?')
	case re.Max < 0:
		_, _ = fmt.Fprintf(p, "{%d,}", re.Min)
	case re.Max == re.Min:
		_, _ = fmt.Fprintf(p, "{%d}", re.Min)
	default:
		_, _ = fmt.Fprintf(p, "{%d,%d}", re.Min, re.Max)
	}
}

func (p printer) isLucene() bool { return p.dialect == dialectLucene || p.dialect == dialectLower }

func (p printer) open(group bool) {
	switch {
	case !group:
	case p.isLucene():
		p.WriteByte('(')
	default:
		p.WriteString("(?:")
	}
}

func (p printer) close(group bool) {
	if group {
		p.WriteByte(')')
	}
}

func (p printer) empty() {
	if p.isLucene() {
		p.WriteString("()")
	} else {
		p.WriteString("(?:)")
	}
}

func (p printer) any() {
	switch p.dialect {
	case dialectGo:
		p.WriteString("(?s:.)")
	case dialectRun:
		p.WriteString("[^" + notRun + "]")
	default:
		p.WriteByte('.')
	}
}

func (p printer) begin() {
	switch p.dialect {
	case dialectGo:
		p.WriteByte('^')
	case dialectRun:
		p.WriteString("(?:^|" + runEdge + ")")
	}
}

func (p printer) finish() {
	switch p.dialect {
	case dialectGo:
		p.WriteByte('$')
	case dialectRun:
		p.WriteString("(?:$|" + runEdge + ")")
	}
}

func (p printer) literal(re *syntax.Regexp, atom bool) {
	fold := re.Flags&syntax.FoldCase != 0
	group := atom && len(re.Rune) > 1
	p.open(group)
	defer p.close(group)
	for _, r := range re.Rune {
		switch p.dialect {
		case dialectLower:
			p.oneOf(loweredFoldings(r, fold))
		case dialectRun:
			if classOf(r) != wordChar {
				p.WriteString(never)
				continue
			}
			p.folded(r, fold)
		default:
			p.folded(r, fold)
		}
	}
}

// folded writes r, or the class of what it folds to.
func (p printer) folded(r rune, fold bool) {
	if fold {
		p.oneOf(foldings(r))
	} else {
		p.rune(r)
	}
}

// loweredFoldings are those of r's foldings that occur in lower-cased text.
func loweredFoldings(r rune, fold bool) []rune {
	if !fold {
		return []rune{r}
	}
	return slices.DeleteFunc(foldings(r), func(f rune) bool { return lower(f) != f })
}

func (p printer) oneOf(rs []rune) {
	if len(rs) == 1 {
		p.rune(rs[0])
		return
	}
	slices.Sort(rs)
	p.WriteByte('[')
	for _, r := range rs {
		p.rune(r)
	}
	p.WriteByte(']')
}

// rune writes a character that means itself, inside a class and outside.
func (p printer) rune(r rune) {
	switch {
	case r < utf8.RuneSelf && asciiWord[r], r == '_', r == ' ':
		p.WriteRune(r)
	case r > ' ' && r < 0x7f:
		p.WriteByte('\\')
		p.WriteRune(r)
	case p.isLucene() || r >= utf8.RuneSelf && unicode.IsPrint(r):
		p.WriteRune(r)
	default:
		_, _ = fmt.Fprintf(p, `\x{%x}`, r)
	}
}

func (p printer) class(ranges []rune) {
	if p.dialect == dialectRun {
		p.runClass(ranges)
		return
	}
	negated := len(ranges) > 2 && ranges[0] == 0 && ranges[len(ranges)-1] == unicode.MaxRune
	if negated {
		ranges = complement(ranges)
	}
	p.WriteByte('[')
	if negated {
		p.WriteByte('^')
	}
	p.ranges(ranges)
	p.WriteByte(']')
}

// runClass prints a class without the characters that are in no run.
func (p printer) runClass(ranges []rune) {
	if ranges[len(ranges)-1] < utf8.RuneSelf {
		var kept []rune
		for i := 0; i < len(ranges); i += 2 {
			for r := ranges[i]; r <= ranges[i+1]; r++ {
				if asciiWord[byte(r)] {
					kept = append(kept, r, r)
				}
			}
		}
		if kept == nil {
			p.WriteString(never)
			return
		}
		p.WriteByte('[')
		p.ranges(joined(kept))
		p.WriteByte(']')
		return
	}
	p.WriteString("[^" + notRun)
	p.ranges(complement(ranges))
	p.WriteByte(']')
}

func (p printer) ranges(ranges []rune) {
	for i := 0; i < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		p.rune(lo)
		if hi > lo {
			if hi > lo+1 {
				p.WriteByte('-')
			}
			p.rune(hi)
		}
	}
}

// complement of a class of sorted (first, last) pairs.
func complement(ranges []rune) []rune {
	var out []rune
	next := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] > next {
			out = append(out, next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

// joined merges neighbouring ranges of a sorted class.
func joined(ranges []rune) []rune {
	out := ranges[:0:0]
	for i := 0; i < len(ranges); i += 2 {
		if n := len(out); n > 0 && ranges[i] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], ranges[i+1])
			continue
		}
		out = append(out, ranges[i], ranges[i+1])
	}
	return out
}

// printText is the search over raw text: the expression inside a run, or one of the tokens of one character
// that it matches.
func printText(re *syntax.Regexp) string {
	var parts []string
	if fitsRun(re) {
		parts = append(parts, printRegex(re, dialectRun))
	}
	if solo := soloRunes(re); len(solo) > 0 {
		var b strings.Builder
		p := printer{&b, dialectGo}
		p.WriteByte('[')
		p.ranges(solo)
		p.WriteByte(']')
		parts = append(parts, b.String())
	}
	return strings.Join(parts, "|")
}

// printLucene makes the unanchored search a match of the whole value.
func printLucene(re *syntax.Regexp, text bool) string {
	d := dialectLucene
	if text {
		d = dialectLower
	}
	var b strings.Builder
	lucene(printer{&b, d}, re, true, true)
	return b.String()
}

// lucene prints re; left and right say that the match is still open to any text there.
func lucene(p printer, re *syntax.Regexp, left, right bool) {
	switch re.Op {
	case syntax.OpConcat:
		first, last := edges(re.Sub)
		openLeft := left && re.Sub[0].Op != syntax.OpBeginText
		openRight := right && re.Sub[len(re.Sub)-1].Op != syntax.OpEndText
		if first > last { // anchors only
			p.wildcards(openLeft || openRight)
			return
		}
		for i := first; i <= last; i++ {
			lucene(p, re.Sub[i], openLeft && i == first, openRight && i == last)
		}
	case syntax.OpAlternate:
		if !anchored(re) { // one .* stands before and one behind all alternatives
			p.around(re, left, right)
			return
		}
		p.WriteByte('(')
		for i, s := range re.Sub {
			if i > 0 {
				p.WriteByte('|')
			}
			lucene(p, s, left, right)
		}
		p.WriteByte(')')
	case syntax.OpBeginText:
		p.wildcards(right)
	case syntax.OpEndText:
		p.wildcards(left)
	case syntax.OpEmptyMatch:
		if left || right {
			p.wildcards(true)
		} else {
			p.empty()
		}
	default:
		p.around(re, left, right)
	}
}

// around writes an expression without anchors between what is open to any text.
func (p printer) around(re *syntax.Regexp, left, right bool) {
	if left {
		p.WriteString(".*")
	}
	p.print(re, re.Op == syntax.OpAlternate)
	if right {
		p.WriteString(".*")
	}
}

// anchored says whether re has anchors.
func anchored(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginText || re.Op == syntax.OpEndText || slices.ContainsFunc(re.Sub, anchored)
}

func (p printer) wildcards(open bool) {
	if open {
		p.WriteString(".*")
	} else {
		p.empty()
	}
}
