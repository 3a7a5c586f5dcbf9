package main

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/logcenter/logcenter/sdk"
)

const stars = "******"

// key is a word whose value is a secret.
type key struct {
	name  string
	word  []byte // folded
	whole bool   // nothing but the word: bypass= and compass= are no pass=
	least int    // shorter values are ordinary text, e.g. of token: in a compiler's message
	kind  kind
}

type kind uint8

const (
	plain  kind = iota
	header      // Authorization: a scheme, then the secret
	bearer      // the scheme itself, without a separator
)

var builtin = []key{
	{name: "password", word: fold("password")},
	{name: "passwd", word: fold("passwd")},
	{name: "passphrase", word: fold("passphrase")},
	{name: "passcode", word: fold("passcode")},
	{name: "pass", word: fold("pass"), whole: true},
	{name: "pwd", word: fold("pwd")},
	{name: "密码", word: fold("密码")},
	{name: "密钥", word: fold("密钥")},
	{name: "口令", word: fold("口令")},
	{name: "%E5%AF%86%E7%A0%81", word: fold("%E5%AF%86%E7%A0%81")}, // 密码 in a query string
	{name: "secret", word: fold("secret"), least: 6},
	{name: "token", word: fold("token"), least: 6},
	{name: "apikey", word: fold("apikey"), least: 6},
	{name: "api_key", word: fold("api_key"), least: 6},
	{name: "api-key", word: fold("api-key"), least: 6},
	{name: "accesskey", word: fold("accesskey"), least: 6},
	{name: "access_key", word: fold("access_key"), least: 6},
	{name: "secret_key", word: fold("secret_key"), least: 6},
	{name: "private_key", word: fold("private_key"), least: 6},
	{name: "authorization", word: fold("authorization"), kind: header},
	{name: "bearer", word: fold("bearer"), whole: true, least: 16, kind: bearer},
}

// rare is the part of the word that Prefilter looks for: words share theirs, so that few searches find all.
func (k *key) rare() []byte {
	for _, part := range []string{"pass", "_key", "sskey", "apikey"} {
		if bytes.Contains(k.word, fold(part)) {
			return fold(part)
		}
	}
	return k.word
}

// family are the keys that share their rare part: where it is not, none of them is.
type family struct {
	rare []byte
	keys []key
}

func families(keys []key) (out []family) {
	for _, k := range keys {
		i := slices.IndexFunc(out, func(f family) bool { return bytes.Equal(f.rare, k.rare()) })
		if i < 0 {
			i = len(out)
			out = append(out, family{rare: k.rare()})
		}
		out[i].keys = append(out[i].keys, k)
	}
	return out
}

// fold makes letters of both cases equal, and other bytes only where that does no harm to a search that is
// checked afterwards.
func fold(s string) []byte {
	out := make([]byte, len(s))
	foldInto(out, []byte(s))
	return out
}

// foldInto folds text into out, which is at least as long.
func foldInto(out, text []byte) {
	const bit = 0x2020202020202020
	i := 0
	for ; i+32 <= len(text); i += 32 {
		o, t := out[i:i+32:i+32], text[i:i+32:i+32]
		binary.LittleEndian.PutUint64(o, binary.LittleEndian.Uint64(t)|bit)
		binary.LittleEndian.PutUint64(o[8:], binary.LittleEndian.Uint64(t[8:])|bit)
		binary.LittleEndian.PutUint64(o[16:], binary.LittleEndian.Uint64(t[16:])|bit)
		binary.LittleEndian.PutUint64(o[24:], binary.LittleEndian.Uint64(t[24:])|bit)
	}
	for ; i < len(text); i++ {
		out[i] = text[i] | 0x20
	}
}

// maskKey masks the values of one key.
func (m *masker) maskKey(k *key, text, folded []byte, e *sdk.Edits) {
	for at := 0; ; {
		i := bytes.Index(folded[at:], k.word)
		if i < 0 {
			return
		}
		start := at + i
		at = start + len(k.word)
		if k.whole && start > 0 && letter(text[start-1]) && !camel(text, start) {
			continue
		}
		from, to := k.value(text, folded, start, at)
		if to <= from || to-from < k.least || m.excluded(text[from:to]) {
			continue
		}
		e.Replace(from, to, stars)
		at = to
	}
}

// excluded says that a value is no secret, or has been masked before.
func (m *masker) excluded(v []byte) bool {
	for _, x := range m.exclude {
		if len(x) == len(v) && bytes.EqualFold(v, []byte(x)) {
			return true
		}
	}
	return len(bytes.Trim(v, "*")) == 0
}

func (k *key) value(text, folded []byte, start, end int) (from, to int) {
	if k.kind == bearer {
		if s := spaces(text, end); s > 0 {
			return end + s, wordEnd(text, end+s)
		}
		return 0, 0
	}
	from, sep := separator(text, folded, start, end)
	if sep == none {
		return 0, 0
	}
	if k.kind == header {
		return credentials(text, folded, from)
	}
	return valueRange(text, from, sep)
}

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
	none    separators = iota
	normal             // = or : in some spelling
	encoded            // %3D: & is %26 there
	element            // <password>
	option             // --password VALUE
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
	if i < len(text) && text[i] == '>' && start > 0 && opensElement(text, start) {
		return i + 1, element
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
	case has(rest, "="), has(rest, ":"):
		return i + 1, normal
	case has(rest, "："), has(rest, "＝"), has(rest, "为"), has(rest, "是"):
		return i + 3, normal
	case has(rest, "%3D"), has(rest, "%3d"), has(rest, "%3A"), has(rest, "%3a"):
		return i + 3, encoded
	case spaced > 0 && isOption(text, start):
		return i, option
	case spaced > 0 && len(rest) > 3 && bytes.HasPrefix(folded[i:], fold("is ")):
		return i + 3, option
	}
	return 0, none
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
	}
	return 0
}

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

// startsField says whether name= or name: stands at i.
func startsField(text []byte, i int) bool {
	j := i
	for j < len(text) && (letter(text[j]) || digit(text[j]) || text[j] == '_' || text[j] == '.' || text[j] == '-' || text[j] == '(' || text[j] == ')' || text[j] >= 0x80) {
		j++
	}
	return j > i && j < len(text) && (text[j] == '=' || text[j] == ':')
}

// closes says whether from i on there are only closing marks up to the end, a space or the next field.
func closes(text []byte, i int) bool {
	for ; i < len(text); i++ {
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

var schemes = [][]byte{fold("basic"), fold("bearer"), fold("token"), fold("negotiate"), fold("ntlm"), fold("apikey")}

// longSchemes have several parts behind them.
var longSchemes = [][]byte{fold("digest "), fold("aws4-"), fold("oauth "), fold("hawk ")}

// credentials is the secret of an Authorization header: behind a known scheme one word, otherwise all of it.
func credentials(text, folded []byte, i int) (from, to int) {
	i += spaces(text, i)
	mark := quote(text, i)
	open := text[i : i+mark]
	i += mark
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
	return i, bareEnd(text, i, normal)
}

// wordEnd is where a word of a header's credentials ends (RFC 9110, token68).
func wordEnd(text []byte, i int) int {
	for i < len(text) && (letter(text[i]) || digit(text[i]) || bytes.IndexByte([]byte("-._~+/=%:"), text[i]) >= 0) {
		i++
	}
	return i
}

// ats adds every @ in [from, to): it may belong to a URL with a password, scheme://user:password@host.
func ats(arena []byte, from, to int, hits []int) []int {
	for at := from; ; {
		i := bytes.IndexByte(arena[at:to], '@')
		if i < 0 {
			return hits
		}
		at += i + 1
		hits = append(hits, at-1)
	}
}

// maxUserinfo bounds how far before an @ its :// is looked for.
const maxUserinfo = 256

func maskUserinfo(text []byte, e *sdk.Edits) {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '@')
		if i < 0 {
			return
		}
		i += at
		for { // the last @ before the path: passwords may have some, too
			next := bytes.IndexAny(text[i+1:], "@/ \"'<>?#")
			if next < 0 || text[i+1+next] != '@' {
				break
			}
			i += 1 + next
		}
		if from := userinfo(text[max(at, i-maxUserinfo):i]); from > 0 {
			e.Replace(max(at, i-maxUserinfo)+from, i, stars)
		}
		at = i + 1
	}
}

// userinfo is where the password starts in what stands before an @, 0 if there is none.
func userinfo(before []byte) int {
	scheme := bytes.LastIndex(before, []byte("://"))
	if scheme < 0 || bytes.ContainsAny(before[scheme+3:], "/ \"'<>?#") {
		return 0
	}
	colon := bytes.IndexByte(before[scheme+3:], ':')
	if colon < 0 || scheme+3+colon+1 == len(before) {
		return 0
	}
	return scheme + 3 + colon + 1
}
