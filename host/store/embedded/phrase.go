package embedded

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/query"
)

// Classes of characters as RE2 writes them; package query defines them. A letter is part of a run, a solo is a
// word by itself, a gap separates.
const (
	// reBoundary is what stands before or behind a run: all but letters.
	reBoundary = `(?:[^\p{L}\p{M}\p{Nd}]|[\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\x{ff70}])`
	// reGap is a character of no word. The numbers in it are those that are solos.
	reGap = `[^\p{L}\p{M}\p{Nd}\x{3007}\x{3021}-\x{3029}\x{3038}-\x{303a}]`
)

// reLetter is a character of a run, for patterns.
const reLetter = `[^\p{Z}\p{P}\p{S}\p{C}\p{Nl}\p{No}\p{Han}\p{Hiragana}\p{Katakana}\x{30fc}\x{ff70}]`

// reSolo is a character that is a word by itself.
var reSolo = classOfRunes(func(r rune) bool {
	s := string(r)
	return len(query.Tokenize(s)) == 1 && len(query.Tokenize(s+s)) == 2
})

// classOfRunes writes the class of all characters of which f holds, the first time it is asked.
func classOfRunes(f func(r rune) bool) func() string {
	var out string
	return func() string {
		if out != "" {
			return out
		}
		var b strings.Builder
		b.WriteByte('[')
		from := rune(-1)
		for r := rune(0); r <= unicode.MaxRune+1; r++ {
			in := r <= unicode.MaxRune && utf8.ValidRune(r) && f(r)
			switch {
			case in && from < 0:
				from = r
			case !in && from >= 0:
				writeRange(&b, from, r-1)
				from = -1
			}
		}
		b.WriteByte(']')
		out = b.String()
		return out
	}
}

func writeRange(b *strings.Builder, from, to rune) {
	const digits = "0123456789abcdef"
	hex := func(r rune) {
		b.WriteString(`\x{`)
		for shift := 20; shift >= 0; shift -= 4 {
			b.WriteByte(digits[r>>shift&15])
		}
		b.WriteByte('}')
	}
	hex(from)
	if to > from {
		b.WriteByte('-')
		hex(to)
	}
}

// phrase is the condition that x has words next to each other.
func phrase(x string, words []query.Word) string {
	var re strings.Builder
	runBefore := false
	for i, w := range words {
		solo := w.Kind == query.Exact && isSolo(w.Text)
		switch {
		case i > 0 && runBefore && !solo:
			re.WriteString(reGap + "+")
		case i > 0:
			re.WriteString(reGap + "*")
		case !solo:
			re.WriteString(`(?:^|` + reBoundary + `)`)
		}
		writeWord(&re, w)
		runBefore = !solo
	}
	if last := words[len(words)-1]; runBefore && last.Kind != query.Starts {
		re.WriteString(`(?:$|` + reBoundary + `)`)
	}
	if len(words) == 1 && words[0].Kind == query.Like && strings.Trim(words[0].Text, "*") == "?" {
		re.WriteString("|" + reSolo()) // one character may be a word by itself
	}
	pre, whole := prefilter(x, words)
	if whole {
		return pre
	}
	match := "regexp_matches(" + x + ", " + quote(re.String()) + ")"
	if pre == "" {
		return match
	}
	return "(" + pre + " AND " + match + ")"
}

// prefilter is a cheap condition that all matches fulfil; whole says that it is the condition itself.
func prefilter(x string, words []query.Word) (sql string, whole bool) {
	best := ""
	solos := len(words) == 1
	for _, w := range words {
		text := w.Text
		if w.Kind == query.Like {
			text = longestLiteral(w.Text)
		} else if solos && !isSolo(text) {
			solos = false
		}
		if w.Kind == query.Like {
			solos = false
		}
		if len(text) > len(best) {
			best = text
		}
	}
	if best == "" {
		return "", false
	}
	return containsFold(x, best), solos
}

func longestLiteral(pattern string) string {
	best := ""
	for _, s := range strings.FieldsFunc(pattern, func(r rune) bool { return r == '*' || r == '?' }) {
		if len(s) > len(best) {
			best = s
		}
	}
	return strings.ToLower(best)
}

// containsFold is the condition that x contains s in any case, or somewhat more: RE2 also takes the Kelvin sign
// for a k.
func containsFold(x, s string) string {
	if !hasCase(s) {
		return "contains(" + x + ", " + quote(s) + ")"
	}
	return "regexp_matches(" + x + ", " + quote("(?i)"+regexp.QuoteMeta(s)) + ")"
}

func hasCase(s string) bool {
	for _, r := range s {
		if unicode.SimpleFold(r) != r {
			return true
		}
	}
	return false
}

// writeWord writes what matches the word, without what bounds it.
func writeWord(b *strings.Builder, w query.Word) {
	if w.Kind != query.Like {
		for _, r := range w.Text {
			writeFolded(b, r)
		}
		return
	}
	for _, r := range w.Text {
		switch r {
		case '*':
			b.WriteString(reLetter + "*")
		case '?':
			b.WriteString(reLetter)
		default:
			writeFolded(b, r)
		}
	}
}

// writeFolded writes a class of all characters whose lower case is that of r.
func writeFolded(b *strings.Builder, r rune) {
	low := lowerOf(r)
	set := []rune{}
	for f := unicode.SimpleFold(low); ; f = unicode.SimpleFold(f) {
		if lowerOf(f) == low {
			set = append(set, f)
		}
		if f == low {
			break
		}
	}
	if len(set) == 1 {
		b.WriteString(regexp.QuoteMeta(string(set[0])))
		return
	}
	b.WriteByte('[')
	for _, f := range set {
		writeRange(b, f, f)
	}
	b.WriteByte(']')
}

// lowerOf lower-cases as package query does.
func lowerOf(r rune) rune {
	if t := query.Tokenize(string(r)); len(t) == 1 {
		l, _ := utf8.DecodeRuneInString(t[0])
		return l
	}
	return r
}
