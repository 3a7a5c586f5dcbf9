package query

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Limits on regular expressions. Elasticsearch refuses more than 1,000 characters by default.
const (
	MaxRegex       = 512  // bytes as written
	MaxLuceneRegex = 1000 // characters in Lucene's form, which spells out classes
)

const regexFlags = syntax.DotNL | syntax.OneLine | syntax.ClassNL | syntax.PerlX | syntax.UnicodeGroups

// Pattern is a compiled regular expression or wildcard pattern for one kind of field, with its translations
// for the stores. It is immutable and safe for concurrent use; whoever asks for the same one at the same time gets the same.
type Pattern struct {
	tree     *syntax.Regexp // without what is redundant in an unanchored search
	text     bool
	fold     bool
	re       *regexp.Regexp
	lucene   string
	re2      string
	literals []string
	needles  [][]byte // the literals of a keyword's expression, for a test before the match
}

// CompileRegex compiles an expression for fields of type on: [ecs.Text] or, for all others that hold strings,
// [ecs.Keyword].
//
// The language is what RE2 and Lucene have in common: literals, "." (any character, line feeds included),
// classes [a-z] [^a-z] \d \w \s [[:alpha:]] \p{Greek}, ( ) and (?: ), |, * + ? {n,m}, and ^ and $ at the ends
// of the expression or of its outermost alternatives. Lucene's own operators " ~ & @ # < > mean themselves.
// Anything else (\b, lazy quantifiers, flags in the expression, named groups, lookaround, back references) is an error.
//
// On keywords an expression matches anywhere in the value unless anchored, in its case ([Regex.Fold] has it match in
// any, where ASCII letters equal ASCII letters only). On text it matches
// anywhere within one token unless anchored, in any case; one that matches the empty text or no token at all
// is an error there. Errors are of type [*Error], with the place in expr.
func CompileRegex(expr string, on ecs.Type) (*Pattern, error) {
	return (&Regex{Expr: expr}).Compile(on)
}

// Compile compiles the expression of a query, see [CompileRegex].
func (n *Regex) Compile(on ecs.Type) (*Pattern, error) {
	return patterns.get(patternSource{text: n.Expr, word: on == ecs.Text, fold: n.Fold}, func() (*Pattern, error) {
		if err := checkRegex(n.Expr); err != nil {
			return nil, err
		}
		r, err := newRegex(n.Expr, on == ecs.Text, n.Fold)
		if err != nil {
			return nil, err
		}
		return r, nil
	})
}

// CompileWildcard compiles a pattern of * (any run), ? (one character) and \ escapes. It must match the whole
// value of a keyword, or one whole token of a text.
func CompileWildcard(pattern string, on ecs.Type) (*Pattern, error) {
	return patterns.get(patternSource{text: pattern, wildcard: true, word: on == ecs.Text}, func() (*Pattern, error) {
		return newWildcard(pattern, on == ecs.Text)
	})
}

func newWildcard(pattern string, text bool) (*Pattern, error) {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		i += size
		switch r {
		case '*':
			b.WriteString(".*")
			continue
		case '?':
			b.WriteByte('.')
			continue
		case '\\':
			if i < len(pattern) {
				r, size = utf8.DecodeRuneInString(pattern[i:])
				i += size
			}
		}
		b.WriteString(regexp.QuoteMeta(string(r)))
	}
	b.WriteByte('$')
	r, err := newRegex(b.String(), text, false)
	if err != nil {
		err.Pos = Pos{}
		if strings.HasPrefix(err.Msg, wordRegexMsg) {
			err.Msg, err.Hint = "a wildcard on text looks at one word and this one can match none", wordRegexHint
		}
		return nil, err
	}
	return r, nil
}

func newRegex(expr string, text, fold bool) (*Pattern, *Error) {
	whole := Pos{0, len(expr)}
	flags := syntax.Flags(regexFlags)
	if text || fold {
		flags |= syntax.FoldCase
	}
	tree, err := syntax.Parse(expr, flags)
	if err != nil {
		return nil, syntaxError(expr, err)
	}
	if err := checkTree(tree, expr); err != nil {
		return nil, err
	}
	r := &Pattern{tree: trim(tree, true, true), text: text, fold: fold && !text}
	r.re2 = printRegex(r.tree, dialectGo)
	r.re, err = regexp.Compile(r.re2)
	if err != nil {
		return nil, syntaxError(expr, err)
	}
	if text {
		if err := checkText(r, whole); err != nil {
			return nil, err
		}
		r.re2 = printText(r.tree)
	}
	r.lucene = printLucene(r.tree, text)
	if n := utf8.RuneCountInString(r.lucene); n > MaxLuceneRegex {
		return nil, &Error{Pos: whole, Msg: "the regular expression is too large when its classes are spelt out", Hint: "use a smaller class, or anchor or split it"}
	}
	r.literals = requiredLiterals(r.tree, text || fold)
	if !text {
		r.setNeedles()
	}
	return r, nil
}

// Match says whether the expression matches a keyword's value, or one token of a text.
func (r *Pattern) Match(value []byte) bool { return r.mayMatch(value) && r.re.Match(value) }

// MatchText says whether a text has a token that the expression of a text field matches.
func (r *Pattern) MatchText(text []byte) bool {
	for start, end := NextToken(text, 0); start >= 0; start, end = NextToken(text, end) {
		if r.re.Match(text[start:end]) {
			return true
		}
	}
	return false
}

// RE2 is the expression for an unanchored search by RE2, e.g. DuckDB's regexp_matches without options: over
// the value of a keyword, or over the whole raw text of a text field, where it stays within one token.
func (r *Pattern) RE2() string { return r.re2 }

// Lucene is the expression for Elasticsearch's regexp query with flags NONE, over the value of a keyword, or
// over the single lower-cased tokens of a text.
func (r *Pattern) Lucene() string { return r.lucene }

// Literals are strings of which every match contains at least one; nil if nothing is known, or if keywords match in any
// case. On text they are
// lower-cased and parts of a token. The longest single one is best for an index or a scan before the match.
func (r *Pattern) Literals() []string { return r.literals }

// Literal is the one string that every match contains, "" if there are several or none.
func (r *Pattern) Literal() string {
	if len(r.literals) == 1 {
		return r.literals[0]
	}
	return ""
}

// checkRegex refuses what is not in the language, with its place in expr.
func checkRegex(expr string) *Error {
	if len(expr) > MaxRegex {
		return &Error{Pos: Pos{MaxRegex, len(expr)}, Msg: "the regular expression is longer than 512 bytes", Hint: "split it with OR"}
	}
	if err := scanRegex(expr); err != nil {
		return err
	}
	tree, err := syntax.Parse(expr, regexFlags)
	if err != nil {
		return syntaxError(expr, err)
	}
	return checkTree(tree, expr)
}

// scanRegex finds what syntax.Parse takes and the tree does not show.
func scanRegex(expr string) *Error {
	class := false
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\\' && i+1 < len(expr):
			if err := scanEscape(expr, i); err != nil {
				return err
			}
			i++
		case class:
			if c == '[' && i+1 < len(expr) && expr[i+1] == ':' {
				if n := strings.Index(expr[i:], ":]"); n > 0 {
					i += n + 1
				}
				continue
			}
			class = c != ']'
		case c == '[':
			class = true
			if i+1 < len(expr) && expr[i+1] == '^' {
				i++
			}
			if i+1 < len(expr) && expr[i+1] == ']' {
				i++
			}
		case c == '(' && i+1 < len(expr) && expr[i+1] == '?':
			if err := scanGroup(expr, i); err != nil {
				return err
			}
		case c == '?' && i > 0 && strings.IndexByte("*+?}", expr[i-1]) >= 0 && !escaped(expr, i-1):
			return &Error{Pos: Pos{i - 1, i + 1}, Msg: "lazy quantifiers are not supported", Hint: "leave out the second ?: only whether it matches counts, not where"}
		}
	}
	return nil
}

// escaped says whether an odd number of backslashes stands before i.
func escaped(expr string, i int) bool {
	n := 0
	for i > 0 && expr[i-1] == '\\' {
		i--
		n++
	}
	return n%2 == 1
}

func scanEscape(expr string, i int) *Error {
	at := Pos{i, i + 2}
	switch c := expr[i+1]; {
	case c == 'b' || c == 'B':
		return &Error{Pos: at, Msg: "word boundaries are not supported in regular expressions", Hint: "on text, ^ and $ are the ends of a word"}
	case c == 'A' || c == 'z' || c == 'Z':
		return &Error{Pos: at, Msg: `\` + string(c) + " is not supported", Hint: "use ^ and $"}
	case c == 'Q' || c == 'E':
		return &Error{Pos: at, Msg: `\Q…\E is not supported`, Hint: `put \ before each special character`}
	case c == 'C':
		return &Error{Pos: at, Msg: `\C is not supported`, Hint: "use . for one character"}
	case c >= '0' && c <= '9':
		return &Error{Pos: at, Msg: "back references and octal escapes are not supported", Hint: `write a character by its code as \x{41}`}
	}
	return nil
}

func scanGroup(expr string, i int) *Error {
	rest := expr[i+2:]
	at := Pos{i, min(i+3, len(expr))}
	switch {
	case strings.HasPrefix(rest, ":"):
		return nil
	case strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "!") || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, "<!"):
		return &Error{Pos: at, Msg: "lookaround is not supported", Hint: "combine two conditions with AND or NOT"}
	case strings.HasPrefix(rest, "P") || strings.HasPrefix(rest, "<"):
		return &Error{Pos: at, Msg: "named groups are not supported", Hint: "use plain ( )"}
	default:
		return &Error{Pos: at, Msg: "flags are not supported", Hint: "text is matched in any case, keywords in theirs: write /error/i for any"}
	}
}

// syntaxError translates an error of regexp/syntax; it finds the place by the fragment the error names.
func syntaxError(expr string, err error) *Error {
	at := Pos{0, len(expr)}
	msg := err.Error()
	var serr *syntax.Error
	if errors.As(err, &serr) {
		msg = string(serr.Code)
		if i := strings.LastIndex(expr, serr.Expr); i >= 0 && serr.Expr != "" {
			at = Pos{i, i + len(serr.Expr)}
		}
		switch serr.Code {
		case syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp:
			return &Error{Pos: at, Msg: msg, Hint: `* + ? { follow a character, class or group; write \* for the sign`}
		case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
			return &Error{Pos: at, Msg: msg, Hint: `write \( and \) for the signs`}
		case syntax.ErrMissingBracket:
			return &Error{Pos: at, Msg: msg, Hint: `write \[ for the sign`}
		case syntax.ErrInvalidEscape:
			return &Error{Pos: at, Msg: msg, Hint: `write \\ for a backslash`}
		}
	}
	return &Error{Pos: at, Msg: msg}
}

// checkTree refuses anchors inside the expression and what can match nothing.
func checkTree(tree *syntax.Regexp, expr string) *Error {
	var bad *Error
	var walk func(re *syntax.Regexp, left, right bool)
	walk = func(re *syntax.Regexp, left, right bool) {
		switch re.Op {
		case syntax.OpBeginText:
			if !left {
				bad = &Error{Pos: find(expr, "^"), Msg: "^ stands inside the expression", Hint: `it means the start of the value; write \^ for the sign`}
			}
		case syntax.OpEndText:
			if !right {
				bad = &Error{Pos: find(expr, "$"), Msg: "$ stands inside the expression", Hint: `it means the end of the value; write \$ for the sign`}
			}
		case syntax.OpNoMatch:
			bad = &Error{Pos: Pos{0, len(expr)}, Msg: "the regular expression can never match"}
		case syntax.OpConcat:
			first, last := edges(re.Sub)
			for i, s := range re.Sub {
				walk(s, left && i <= first, right && i >= last)
			}
		case syntax.OpAlternate, syntax.OpCapture:
			for _, s := range re.Sub {
				walk(s, left, right)
			}
		default:
			for _, s := range re.Sub {
				walk(s, false, false)
			}
		}
	}
	walk(tree, true, true)
	return bad
}

// edges are the indexes of the first and last part of a concatenation that is no anchor; parts up to the
// first may begin with ^, parts from the last may end with $.
func edges(subs []*syntax.Regexp) (first, last int) {
	for first < len(subs)-1 && subs[first].Op == syntax.OpBeginText {
		first++
	}
	last = len(subs) - 1
	for last > 0 && subs[last].Op == syntax.OpEndText {
		last--
	}
	return first, last
}

func find(expr, sign string) Pos {
	if i := strings.LastIndex(expr, sign); i >= 0 {
		return Pos{i, i + len(sign)}
	}
	return Pos{0, len(expr)}
}

// trim removes groups, and .* at the ends of a search that is unanchored there.
func trim(re *syntax.Regexp, left, right bool) *syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return trim(re.Sub[0], left, right)
	case syntax.OpStar:
		if re.Sub[0].Op == syntax.OpAnyChar && (left || right) {
			return &syntax.Regexp{Op: syntax.OpEmptyMatch}
		}
	case syntax.OpConcat:
		subs := make([]*syntax.Regexp, 0, len(re.Sub))
		for i, s := range re.Sub {
			subs = append(subs, trim(s, left && i == 0, right && i == len(re.Sub)-1))
		}
		return &syntax.Regexp{Op: syntax.OpConcat, Sub: subs}
	case syntax.OpAlternate:
		subs := make([]*syntax.Regexp, 0, len(re.Sub))
		for _, s := range re.Sub {
			subs = append(subs, trim(s, left, right))
		}
		return &syntax.Regexp{Op: syntax.OpAlternate, Sub: subs}
	}
	if len(re.Sub) == 0 {
		return re
	}
	c := *re
	c.Sub = []*syntax.Regexp{trim(re.Sub[0], false, false)}
	return &c
}

const (
	wordRegexMsg  = "a regular expression on text looks at one word"
	wordRegexHint = `words are letters and digits, a Chinese or Japanese character is one by itself; search for several as a phrase: "two words"`
)

// checkText refuses what has no meaning on tokens.
func checkText(r *Pattern, at Pos) *Error {
	if nullable(r.tree) {
		return &Error{Pos: at, Msg: wordRegexMsg + ", and this one matches the empty text", Hint: "use + instead of *"}
	}
	if !fitsRun(r.tree) && len(soloRunes(r.tree)) == 0 {
		return &Error{Pos: at, Msg: wordRegexMsg + " and this one can match none", Hint: wordRegexHint}
	}
	return nil
}

// nullable says whether re matches the empty string somewhere.
func nullable(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest, syntax.OpBeginText, syntax.OpEndText:
		return true
	case syntax.OpPlus:
		return nullable(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || nullable(re.Sub[0])
	case syntax.OpConcat:
		for _, s := range re.Sub {
			if !nullable(s) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, s := range re.Sub {
			if nullable(s) {
				return true
			}
		}
		return false
	case syntax.OpLiteral:
		return len(re.Rune) == 0
	default:
		return false
	}
}

// fitsRun says whether re can match inside a run of letters and digits.
func fitsRun(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if classOf(r) != wordChar {
				return false
			}
		}
		return true
	case syntax.OpCharClass:
		return classHas(re.Rune, wordChar)
	case syntax.OpConcat:
		for _, s := range re.Sub {
			if !fitsRun(s) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, s := range re.Sub {
			if fitsRun(s) {
				return true
			}
		}
		return false
	case syntax.OpPlus:
		return fitsRun(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || fitsRun(re.Sub[0])
	default:
		return true
	}
}

// classHas says whether a class of (first, last) pairs has a character of the given class of text.
func classHas(ranges []rune, class int) bool {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if classOf(r) == class {
				return true
			}
		}
	}
	return false
}

// foldings are all characters that r is equal to in any case, r first. As everywhere in text, letters of
// ASCII are equal to letters of ASCII only.
func foldings(r rune) []rune {
	all := []rune{r}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if (f < utf8.RuneSelf) == (r < utf8.RuneSelf) {
			all = append(all, f)
		}
	}
	return all
}

// lowerText lower-cases a token's text.
func lowerText(s string) string { return string(appendLower(nil, []byte(s))) }
