package main

import "bytes"

// letter says whether c may be part of a word of ASCII letters.
func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c-'0' <= 9 }

// camel says whether a word starts at at inside another, as in userPass.
func camel(text []byte, at int) bool {
	return text[at] >= 'A' && text[at] <= 'Z' && text[at-1] >= 'a' && text[at-1] <= 'z'
}

// tails may stand behind a key and still make it one.
var tails = [][]byte{fold("new"), fold("old"), fold("hash"), fold("md5"), fold("confirm"), fold("again"), fold("text"), fold("value")}

type separators uint8

const (
	noSeparator separators = iota
	normal                 // = or : in some spelling
	encoded                // %3D: & is %26 there
	element                // <password>
	option                 // --password VALUE
	prose                  // the password is VALUE
	chinese                // 口令为 VALUE
)

// separator reads what stands between a key and its value; from is where the value starts.
func separator(text, folded []byte, start, end int) (from int, sep separators) {
	i := end
	for i < len(text) && digit(text[i]) && i < end+2 {
		i++
	}
	for _, t := range tails {
		j := i
		if j < len(text) && (text[j] == '_' || text[j] == '-') {
			j++
		}
		if bytes.HasPrefix(folded[j:], t) && (j+len(t) == len(text) || !letter(text[j+len(t)])) {
			i = j + len(t)
			break
		}
	}
	if i < len(text) && text[i] == '(' { // srcip(source)= as firewalls write
		if j := bytes.IndexByte(text[i:min(i+24, len(text))], ')'); j > 0 {
			i += j + 1
		}
	}
	if i < len(text) && (text[i] == '>' || text[i] == ' ') && start > 0 && opensElement(text, start) {
		if end := bytes.IndexAny(text[i:min(i+maxAttributes, len(text))], "<>"); end >= 0 && text[i+end] == '>' && text[i+end-1] != '/' {
			return i + end + 1, element
		}
	}
	i += quote(text, i)
	if i < len(text) && text[i] == ']' { // form[password]=
		i++
	}
	spaced := spaces(text, i)
	i += spaced
	switch rest := text[i:]; {
	case has(rest, "=>"), has(rest, ":="), has(rest, "=="):
		return i + 2, normal
	case spaced > 0 && has(rest, ": ") && complains(folded[:start]):
		return 0, noSeparator // Invalid password : local database
	case has(rest, "="), has(rest, ":"):
		return i + 1, normal
	case has(rest, "："), has(rest, "＝"):
		return i + 3, normal
	case has(rest, "为"), has(rest, "是"):
		return i + 3 + spaces(text, i+3), chinese
	case has(rest, "%3D"), has(rest, "%3d"), has(rest, "%3A"), has(rest, "%3a"):
		return i + 3, encoded
	case spaced > 0 && isOption(text, start):
		return i, option
	case spaced > 0 && len(rest) > 3 && bytes.HasPrefix(folded[i:], fold("is ")):
		return i + 3, prose
	}
	return 0, noSeparator
}

// maxAttributes bounds the attributes of <password type="text">.
const maxAttributes = 200

// complains says whether a word before a key says that its value was wrong.
func complains(before []byte) bool {
	for _, w := range [...]string{"invalid ", "wrong ", "bad ", "incorrect "} {
		if bytes.HasSuffix(before, fold(w)) {
			return true
		}
	}
	return false
}

func has(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}

// opensElement says whether the name before a > began with a <, with a namespace or not.
func opensElement(text []byte, start int) bool {
	for i := start - 1; i >= 0 && i > start-32; i-- {
		switch c := text[i]; {
		case c == '<':
			return true
		case !letter(c) && !digit(c) && c != ':' && c != '_' && c != '-':
			return false
		}
	}
	return false
}

// isOption says whether the word is an option of a command line, as in --db-password.
func isOption(text []byte, start int) bool {
	i := start
	for i > 0 && (letter(text[i-1]) || text[i-1] == '-') {
		i--
	}
	return has(text[i:], "--") && i < start
}

// spaces is how many spaces and tabs stand at i, at most four.
func spaces(text []byte, i int) (n int) {
	for n < 4 && i+n < len(text) && (text[i+n] == ' ' || text[i+n] == '\t') {
		n++
	}
	return n
}

// quote is the length of a quotation mark at i, in one of the ways in which logs write it.
func quote(text []byte, i int) int {
	switch rest := text[i:]; {
	case has(rest, `"`), has(rest, `'`), has(rest, "`"):
		return 1
	case has(rest, `\"`), has(rest, `\'`):
		return 2
	case has(rest, "%22"), has(rest, "%27"), has(rest, "“"), has(rest, "”"):
		return 3
	case has(rest, `\\"`):
		return 3
	case has(rest, "&quot;"):
		return 6
	}
	return 0
}
