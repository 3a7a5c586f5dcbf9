package main

import "bytes"

// valueRange is the value that starts at i, behind the separator.
func valueRange(text []byte, i int, sep separators) (from, to int) {
	if sep == element {
		if j := bytes.IndexByte(text[i:], '<'); j >= 0 {
			return i, i + j
		}
		return i, len(text)
	}
	i += spaces(text, i)
	q := quote(text, i)
	if q > 0 {
		return i + q, quotedEnd(text, i+q, closing(text[i:i+q]))
	}
	return i, bareEnd(text, i, sep)
}

func closing(open []byte) []byte {
	if string(open) == "“" {
		return []byte("”")
	}
	return open
}

// quotedEnd is where the quotation ends: the end of the text if it is not closed.
func quotedEnd(text []byte, i int, mark []byte) int {
	for i < len(text) {
		if bytes.HasPrefix(text[i:], mark) {
			return i
		}
		if text[i] == '\\' && len(mark) == 1 {
			i++
		}
		i++
	}
	return len(text)
}

// bareEnd is where a value without quotation marks ends. What may as well be part of a password ends it only
// where the rest looks like the next field: a secret cut in two is worse than a word too much.
func bareEnd(text []byte, i int, sep separators) int {
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c <= ' ', c == ';', c == '<':
			return i
		case c == '&' && sep != option:
			return i
		case c == '%' && sep == encoded && (has(text[i:], "%26") || has(text[i:], "%22") || has(text[i:], "%20")):
			return i
		case c == '\\' && i+2 <= len(text) && bytes.IndexByte([]byte("nrt"), text[i+1]) >= 0 && closes(text, i+2):
			return i // a line's end in JSON
		case c == ',' || c == '|':
			if i+1 == len(text) || text[i+1] <= ' ' || text[i+1] == '"' || text[i+1] == '\'' || startsField(text, i+1) {
				return i
			}
		case c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '>' || c == '\\':
			if closes(text, i) {
				return i
			}
		case c >= 0x80:
			for _, mark := range [...]string{"，", "；", "。", "、", "）", "】", "”", "　"} {
				if has(text[i:], mark) {
					return i
				}
			}
		}
	}
	return len(text)
}

// inCSV says whether a key at start is in a row of values with commas between them that have no names: there a comma
// ends every value (RFC 4180).
func inCSV(text []byte, start int) bool {
	i := start
	for i > 0 && (alnum(text[i-1]) || text[i-1] == '_') {
		i--
	}
	if i == 0 || text[i-1] != ',' {
		return false
	}
	before := text[bytes.LastIndexByte(text[:i-1], ',')+1 : i-1]
	return !bytes.ContainsAny(before, "=:")
}

// startsField says whether name= or name: stands at i.
func startsField(text []byte, i int) bool {
	j := i
	for j < len(text) && (letter(text[j]) || digit(text[j]) || text[j] == '_' || text[j] == '.' || text[j] == '-' || text[j] == '(' || text[j] == ')' || text[j] >= 0x80) {
		j++
	}
	return j > i && j < len(text) && (text[j] == '=' || text[j] == ':')
}

// mostMarks are looked at behind a value: so many closing marks close it.
const mostMarks = 32

// closes says whether from i on there are only closing marks up to the end, a space or the next field.
func closes(text []byte, i int) bool {
	for most := i + mostMarks; i < len(text) && i < most; i++ {
		switch c := text[i]; c {
		case '"', '\'', ')', ']', '}', '>', '\\':
		case ',', ';', '.', '&', '|', ':':
			return true
		default:
			return c <= ' '
		}
	}
	return true
}

// fieldEnd is where a value with spaces ends: with its field.
func fieldEnd(text []byte, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch c := text[i]; c {
		case ';', '\n', '\t':
			return i
		case '"', '\'':
			if closes(text, i) && depth%2 == 0 {
				return i
			}
			depth++
		case ',':
			if startsField(text, i+1+spaces(text, i+1)) {
				return i
			}
		case ' ':
			if startsField(text, i+1) {
				return i
			}
		}
	}
	return len(text)
}

// numberEnd is where a number ends, with its separators of thousands and its percent sign.
func numberEnd(text []byte, i int) int {
	for _, sign := range [...]string{"¥", "￥", "$", "-", "+"} {
		if has(text[i:], sign) {
			i += len(sign)
		}
	}
	for i < len(text) && (digit(text[i]) || (text[i] == '.' || text[i] == ',') && i+1 < len(text) && digit(text[i+1])) {
		i++
	}
	if i < len(text) && text[i] == '%' && !(i+2 < len(text) && hexDigit(text[i+1]) && hexDigit(text[i+2])) {
		i++
	}
	return i
}

// statement is the value of IDENTIFIED [WITH plugin] BY [PASSWORD] value, as MySQL and Oracle have it.
func statement(text, folded []byte, i int) (from, to int) {
	for n := 0; n < 5; n++ {
		s := spaces(text, i)
		if s == 0 {
			return 0, 0
		}
		i += s
		switch {
		case bytes.HasPrefix(folded[i:], fold("by ")), bytes.HasPrefix(folded[i:], fold("as ")):
			i += 2
			if s := spaces(text, i); bytes.HasPrefix(folded[i+s:], fold("password ")) {
				i += s + 8
			}
			i += spaces(text, i)
			if q := quote(text, i); q > 0 {
				return i + q, quotedEnd(text, i+q, closing(text[i:i+q]))
			}
			return i, bareEnd(text, i, option)
		}
		for i < len(text) && text[i] > ' ' { // with, the name of a plugin
			i++
		}
	}
	return 0, 0
}

// encryptions are words of devices that may stand before a secret: how it is encrypted, or for what it is.
var encryptions = [][]byte{
	fold("cipher "), fold("irreversible-cipher "), fold("simple "), fold("plaintext "), fold("plain-text "), fold("hash "), fold("encrypted "),
	fold("read "), fold("write "), fold("0 "), fold("4 "), fold("5 "), fold("6 "), fold("7 "), fold("8 "), fold("9 "),
}

// encrypted is the value behind such words.
func encrypted(text, folded []byte, i int) (from, to int) {
	for again := true; again; {
		again = false
		for _, w := range encryptions {
			if bytes.HasPrefix(folded[i:], w) {
				i += len(w)
				again = true
			}
		}
	}
	if q := quote(text, i); q > 0 {
		return i + q, quotedEnd(text, i+q, closing(text[i:i+q]))
	}
	return i, bareEnd(text, i, option)
}

// configured is the value of a key in a device's command or in SQL, where nothing but spaces part them: password cipher
// VALUE, password 7 VALUE, username NAME password VALUE, PASSWORD 'VALUE'.
func configured(text, folded []byte, start, end int, quoted bool) (from, to int) {
	s := spaces(text, end)
	if s == 0 || end+s == len(text) {
		return 0, 0
	}
	i := end + s
	if quoted && (text[i] == '\'' || has(text[i:], `\'`)) {
		q := quote(text, i)
		return i + q, quotedEnd(text, i+q, closing(text[i:i+q]))
	}
	from, to = encrypted(text, folded, i)
	if to <= from || !chosen(text[from:to]) {
		return 0, 0
	}
	if from == i && !ofUser(folded[:start]) {
		return 0, 0
	}
	return from, to
}

// ofUser says whether before a key stands username NAME, as in configurations.
func ofUser(before []byte) bool {
	before = bytes.TrimRight(before, " ")
	before = before[:bytes.LastIndexByte(before, ' ')+1]
	for _, w := range [...]string{"username ", "local-user ", "identity "} {
		if bytes.HasSuffix(before, fold(w)) {
			return true
		}
	}
	return false
}

var schemes = [][]byte{fold("basic"), fold("bearer"), fold("token"), fold("negotiate"), fold("ntlm"), fold("apikey")}

// longSchemes have several parts behind them.
var longSchemes = [][]byte{fold("digest "), fold("aws4-"), fold("oauth "), fold("hawk ")}

// credentials is the secret of an Authorization header: behind a known scheme one word, otherwise all of it.
func credentials(text, folded []byte, i int) (from, to int) {
	i += spaces(text, i)
	mark := quote(text, i)
	open := text[i : i+mark]
	i += mark
	if i < len(text) && (text[i] == '[' || text[i] == '(') { // as programs print lists of values
		i++
	}
	for _, s := range schemes {
		if !bytes.HasPrefix(folded[i:], s) {
			continue
		}
		j := i + len(s)
		if n := spaces(text, j); n > 0 {
			return j + n, wordEnd(text, j+n)
		}
		if has(text[j:], "%20") {
			return j + 3, wordEnd(text, j+3)
		}
		if has(text[j:], "+") {
			return j + 1, wordEnd(text, j+1)
		}
	}
	if mark > 0 {
		return i, quotedEnd(text, i, closing(open))
	}
	for _, s := range longSchemes {
		if bytes.HasPrefix(folded[i:], s) {
			return i, len(text)
		}
	}
	if word := wordEnd(text, i); word < len(text) && text[word] == ' ' && !startsField(text, word+1) {
		return i, len(text) // a scheme that is not known
	}
	if end := bareEnd(text, i, normal); end-i > mostProse || chosen(text[i:end]) {
		return i, end
	}
	return 0, 0 // authorization: granted
}

// wordEnd is where a word of a header's credentials ends (RFC 9110, token68).
func wordEnd(text []byte, i int) int {
	for i < len(text) && (letter(text[i]) || digit(text[i]) || bytes.IndexByte([]byte("-._~+/=%:"), text[i]) >= 0) {
		i++
	}
	return i
}
