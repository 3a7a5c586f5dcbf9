package query

import (
	"strings"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Word is what one token of a text must look like.
type Word struct {
	Kind WordKind
	Text string   // Exact, Starts: the lower-cased token or its start; Like: the wildcard pattern
	Like *Pattern // Like only
}

// WordKind says how a token is compared with a [Word].
type WordKind uint8

// The kinds of words.
const (
	Exact  WordKind = iota // the token is Text
	Starts                 // the token begins with Text
	Like                   // the token matches Like
)

// TextTokens returns the tokens that a term on a text field must have next to each other.
func TextTokens(value string) []string { return Tokenize(value) }

// TextWords says what a *Term, *Prefix or *Wildcard means on a text field: words that neighbouring tokens
// must match in this order. It is an error, of type [*Error], if there are none.
//
// A prefix is the phrase of its tokens, the last of which only needs to start so; 10.0.* is the phrase of 10
// and 0. A pattern is split where text is: *error.c?de* is a token that ends in error and one that matches
// c?de*. A star next to a character that is a token by itself, or to a separator, matches nothing more than
// the text around, so *登录* is the phrase 登录.
func TextWords(n Node) ([]Word, error) {
	switch n := n.(type) {
	case *Term:
		return nonempty(exactWords(Tokenize(n.Value)), n)
	case *Prefix:
		return nonempty(prefixWords(n.Value), n)
	case *Wildcard:
		return patternWords(n)
	default:
		return nil, &Error{Pos: n.Position(), Msg: "not a search for words"}
	}
}

func nonempty(words []Word, n Node) ([]Word, error) {
	if len(words) == 0 {
		return nil, &Error{Pos: n.Position(), Msg: "there is no letter and no digit to search for", Hint: "text is searched by words; signs between them do not count"}
	}
	return words, nil
}

func exactWords(tokens []string) []Word {
	words := make([]Word, len(tokens))
	for i, t := range tokens {
		words[i] = Word{Kind: Exact, Text: t}
	}
	return words
}

func prefixWords(value string) []Word {
	words := exactWords(Tokenize(value))
	if r, _ := utf8.DecodeLastRuneInString(value); len(words) > 0 && classOf(r) == wordChar {
		words[len(words)-1].Kind = Starts
	}
	return words
}

// patternWords splits a wildcard pattern into words.
func patternWords(n *Wildcard) ([]Word, error) {
	parts := splitPattern(n.Pattern)
	stars := func(p string) bool { return strings.Trim(p, "*") == "" }
	for len(parts) > 0 && stars(parts[0]) {
		parts = parts[1:]
	}
	for len(parts) > 0 && stars(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	words := make([]Word, 0, len(parts))
	for _, p := range parts {
		wild := strings.IndexAny(p, "*?")
		switch {
		case stars(p):
			return nil, &Error{Pos: n.Pos, Msg: "on text a wildcard looks at one word, and this * stands between two", Hint: "search for both parts with AND, or write a space for neighbouring words in quotes"}
		case wild < 0:
			words = append(words, Word{Kind: Exact, Text: lowerText(p)})
		case wild == len(p)-1 && p[wild] == '*':
			words = append(words, Word{Kind: Starts, Text: lowerText(p[:wild])})
		default:
			like, err := CompileWildcard(p, ecs.Text)
			if err != nil {
				return nil, at(err, n)
			}
			words = append(words, Word{Kind: Like, Text: p, Like: like})
		}
	}
	return nonempty(words, n)
}

// splitPattern splits a pattern as text is split into tokens, with wildcards as letters.
func splitPattern(pattern string) []string {
	var parts []string
	from := -1 // of the run being read
	flush := func(to int) {
		if from >= 0 {
			parts = append(parts, pattern[from:to])
		}
		from = -1
	}
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		class := classOf(r)
		switch {
		case r == '\\': // frees a wildcard or a backslash, all of them separators
			flush(i)
			if i+size < len(pattern) {
				_, next := utf8.DecodeRuneInString(pattern[i+size:])
				size += next
			}
		case r == '*' || r == '?' || class == wordChar:
			if from < 0 {
				from = i
			}
		default:
			flush(i)
			if class == soloChar {
				parts = append(parts, pattern[i:i+size])
			}
		}
		i += size
	}
	flush(len(pattern))
	return parts
}

func at(err error, n Node) error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // made here
		e.Pos = n.Position()
	}
	return err
}
