package query

import "unicode/utf8"

// matchWords says whether neighbouring tokens of text match words.
func matchWords(words []Word, text []byte) bool {
	for start, end := NextToken(text, 0); start >= 0; start, end = NextToken(text, end) {
		if words[0].match(text[start:end]) && matchFollowing(words[1:], text, end) {
			return true
		}
	}
	return false
}

// matchFollowing says whether the tokens behind from match words.
func matchFollowing(words []Word, text []byte, from int) bool {
	for i := range words {
		start, end := NextToken(text, from)
		if start < 0 || !words[i].match(text[start:end]) {
			return false
		}
		from = end
	}
	return true
}

// matchPreceding says whether the tokens before to match words, the last one nearest.
func matchPreceding(words []Word, text []byte, to int) bool {
	for i := len(words) - 1; i >= 0; i-- {
		start, end := previousToken(text, to)
		if start < 0 || !words[i].match(text[start:end]) {
			return false
		}
		to = start
	}
	return true
}

// match compares one token, as written.
func (w *Word) match(token []byte) bool {
	switch w.Kind {
	case Exact:
		rest, ok := cutLower(token, w.Text)
		return ok && len(rest) == 0
	case Starts:
		_, ok := cutLower(token, w.Text)
		return ok
	default:
		return w.Like.re.Match(token)
	}
}

// cutLower removes a lower-case start from a token as written.
func cutLower(token []byte, start string) (rest []byte, ok bool) {
	for i := 0; i < len(start); {
		if len(token) == 0 {
			return nil, false
		}
		if c := token[0]; c < utf8.RuneSelf {
			if asciiLower[c] != start[i] {
				return nil, false
			}
			token = token[1:]
			i++
			continue
		}
		r, size := utf8.DecodeRune(token)
		want, n := utf8.DecodeRuneInString(start[i:])
		if lower(r) != want {
			return nil, false
		}
		token = token[size:]
		i += n
	}
	return token, true
}

// classBefore is the class of the character that ends at i, and where it starts. i > 0.
func classBefore(text []byte, i int) (start, class int) {
	if c := text[i-1]; c < utf8.RuneSelf {
		if asciiWord[c] {
			return i - 1, wordChar
		}
		return i - 1, separator
	}
	r, size := utf8.DecodeLastRune(text[:i])
	if r == utf8.RuneError && size == 1 {
		return i - 1, separator
	}
	return i - size, classOf(r)
}

// tokenStart is where the run that ends at or goes over i starts.
func tokenStart(text []byte, i int) int {
	for i > 0 {
		start, class := classBefore(text, i)
		if class != wordChar {
			return i
		}
		i = start
	}
	return 0
}

// previousToken is the last token that ends at or before to; start is -1 if there is none.
func previousToken(text []byte, to int) (start, end int) {
	for to > 0 {
		start, class := classBefore(text, to)
		switch class {
		case soloChar:
			return start, to
		case wordChar:
			return tokenStart(text, start), to
		}
		to = start
	}
	return -1, -1
}

// tokenAt is the token that the character at i belongs to; start is -1 if it is a separator.
func tokenAt(text []byte, i int) (start, end int) {
	_, size, class := decode(text[i:])
	switch class {
	case soloChar:
		return i, i + size
	case wordChar:
		return tokenStart(text, i), tokenEnd(text, i+size)
	default:
		return -1, -1
	}
}
