package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// family are the keys and marks that share their rare part: where it is not, none of them is.
type family struct {
	rare  []byte
	other []string // spellings of it that only a view shows as it is
	keys  []key
	marks []prefix
	spell func(p *pass, at int) (next int) // what stands at the rare part is read by code
}

// rare is the part of the word that Prefilter looks for: words share theirs, so that few searches find all.
func (k *key) rare() []byte {
	for _, part := range []string{"pass", "_key", "sskey", "apikey", "teller", "branch", "name_cn", "config", "command"} {
		if bytes.Contains(k.word, fold(part)) {
			return fold(part)
		}
	}
	return k.word
}

// arrange makes families of keys, prefixes and whatever else begins with a text.
func (m *masker) arrange(keys []key) (out []family) {
	at := func(rare []byte) *family {
		i := slices.IndexFunc(out, func(f family) bool { return bytes.Equal(f.rare, rare) })
		if i < 0 {
			i = len(out)
			out = append(out, family{rare: rare})
		}
		return &out[i]
	}
	for _, k := range keys {
		f := at(k.rare())
		k.at = bytes.Index(k.word, f.rare)
		f.keys = append(f.keys, k)
		if len(f.rare) == len(k.word) {
			f.other = spellings(k.name)
		}
	}
	for _, x := range prefixes {
		if m.rules[x.rule] != off {
			f := at(fold(x.rare))
			f.marks = append(f.marks, x)
		}
	}
	for _, x := range spelled {
		if m.rules[x.rule] != off {
			for _, text := range x.texts {
				at(fold(text)).spell = x.find
			}
		}
	}
	return out
}

// literals are the texts of which each line that Mask must see contains one, besides digits, @ and escapes.
func (m *masker) literals() (out []literal) {
	for i, f := range m.families {
		out = append(out, literal{f.rare, i})
		for _, s := range f.other {
			out = append(out, literal{fold(s), none})
		}
	}
	for _, r := range m.patterns {
		out = append(out, literal{r.contains, none})
	}
	if m.long {
		out = append(out, literal{hyphen, none}) // a hyphen in a query string, between groups of digits: no run of them
	}
	return out
}

// find looks for all of a family; its rare part is in the text.
func (f *family) find(p *pass, folded []byte) {
	for at := 0; ; {
		i := bytes.Index(folded[at:], f.rare)
		if i < 0 {
			return
		}
		at += i
		next := at + 1
		for j := range f.keys {
			next = max(next, p.key(&f.keys[j], folded, at))
		}
		for j := range f.marks {
			next = max(next, f.marks[j].find(p, at))
		}
		if f.spell != nil {
			next = max(next, f.spell(p, at))
		}
		at = next
	}
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

// key hides the value of a key whose rare part is at at, and says where to go on: 0 if there is none.
func (p *pass) key(k *key, folded []byte, at int) (next int) {
	text, start := p.text, at-k.at
	if start < 0 || !bytes.HasPrefix(folded[start:], k.word) {
		return 0
	}
	end := start + len(k.word)
	if k.whole && start > 0 && letter(text[start-1]) && !camel(text, start) || k.nested(text, end) {
		return 0
	}
	from, to := k.value(text, folded, start, end)
	if to <= from || to-from < k.least || p.m.excluded(text[from:to]) || !k.fits(text, start, from, to) {
		return 0
	}
	p.hide(k.rule, from, to)
	return to
}

// nested says whether what stands behind a key in Chinese is the same key with a word before it, as in 修改密码：旧密码=x.
func (k *key) nested(text []byte, end int) bool {
	if k.name[0] < 0x80 || !has(text[end:], "：") && !has(text[end:], ":") {
		return false
	}
	i := bytes.Index(text[end:min(len(text), end+24)], []byte(k.name))
	return i > 0 && len(bytes.TrimLeft(text[end:end+i], ": ：")) > 0 && !bytes.ContainsAny(text[end:end+i], ",;=&\"")
}

// excluded says that a value is no secret: a word that stands for none, a placeholder, or what was hidden before.
func (m *masker) excluded(v []byte) bool {
	for _, x := range m.exclude {
		if len(x) == len(v) && bytes.EqualFold(v, []byte(x)) {
			return true
		}
	}
	switch {
	case len(v) == 1 && v[0] == '?', len(v) == 2 && v[0] == '$' && digit(v[1]), string(v) == "%s", string(v) == "{}":
		return true // of statements and formats
	}
	return excludedMark(v)
}

// fits says whether a value is what the key has.
func (k *key) fits(text []byte, start, from, to int) bool {
	v := text[from:to]
	switch k.kind {
	case number:
		return digit(v[0]) || len(v) > 1 && (v[0] == '-' || v[0] == '+' || v[0] == '.') && digit(v[1]) || has(v, "¥") || has(v, "￥") || v[0] == '$'
	case code:
		return bytes.ContainsAny(v, "0123456789")
	case basic:
		return pair(v)
	case plain:
		switch {
		case k.name == "passwd" && start > 0 && text[start-1] == '(' && bytes.Contains(text[max(0, start-16):start], []byte("pam_")):
			return false // pam_unix(passwd:chauthtok)
		case k.name == "pass" && len(v) < 4 && digits(v):
			return false // of a test run: pass: 12 fail: 3
		case k.rule == ruleToken && from > 1 && text[from-1] == ' ' && text[from-2] == ':' && len(v) < 20 && lower(v):
			return false // unexpected token: identifier
		}
	}
	return true
}

// pair says whether v is name:password in base64 (RFC 7617).
func pair(v []byte) bool {
	var out [192]byte
	v = bytes.TrimRight(v, "=")
	if base64.RawStdEncoding.DecodedLen(len(v)) > len(out) {
		return true // whatever it is, it is long
	}
	n, err := base64.RawStdEncoding.Decode(out[:], v)
	return err == nil && bytes.IndexByte(out[:n], ':') > 0
}

func digits(v []byte) bool {
	for _, c := range v {
		if !digit(c) {
			return false
		}
	}
	return true
}

// lower says whether v is a word of lower-case letters.
func lower(v []byte) bool {
	for _, c := range v {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// chosen says whether somebody may have chosen v to be a secret: prose has words of lower-case letters.
func chosen(v []byte) bool {
	for i, c := range v {
		switch {
		case c >= 'a' && c <= 'z', c >= 0x80, i == 0 && letter(c), bytes.IndexByte([]byte(".,-'!?)"), c) >= 0:
		default:
			return true
		}
	}
	return false
}

// mostProse is how long a word may be: what is longer was not written by people. It also bounds how often a long line is
// looked through in vain.
const mostProse = 64

// mayBegin says whether what stands at from, behind the separator, may be a value of the key: it is cheaper to see here
// than when the value's end has been looked for.
func (k *key) mayBegin(text []byte, start, from int, sep separators) bool {
	if from == len(text) {
		return false
	}
	switch {
	case sep == chinese && text[from] >= 0x80:
		return false // 密码是必填项
	case k.name == "pwd" && text[from] == '/' && has(text[start:], "PWD") && (start == 0 || !letter(text[start-1])):
		return false // the directory of sudo and of shells
	case k.kind == number:
		return bytes.ContainsAny(text[from:min(len(text), from+8)], "0123456789")
	}
	return true
}

func (k *key) value(text, folded []byte, start, end int) (from, to int) {
	switch k.kind {
	case bearer, basic:
		if s := spaces(text, end); s > 0 {
			return end + s, wordEnd(text, end+s)
		}
		return 0, 0
	case identified:
		return statement(text, folded, end)
	case argument:
		if s := spaces(text, end); s > 0 {
			return encrypted(text, folded, end+s)
		}
		return 0, 0
	}
	if k.rule == rulePassword && !k.whole || k.name == "secret" {
		if from, to := configured(text, folded, start, end, k.rule == rulePassword); to > from {
			return from, to
		}
	}
	from, sep := separator(text, folded, start, end)
	switch {
	case sep == noSeparator:
		return 0, 0
	case k.kind == header:
		return credentials(text, folded, from)
	}
	if !k.mayBegin(text, start, from, sep) {
		return 0, 0
	}
	if k.kind == code { // a long one is none
		text = text[:min(len(text), from+mostProse)]
	}
	from, to = valueRange(text, from, sep)
	if sep == normal && to > from && inCSV(text, start) {
		if i := bytes.IndexByte(text[from:to], ','); i > 0 {
			to = from + i
		}
	}
	switch {
	case to <= from:
	case sep == prose && to-from <= mostProse && !chosen(text[from:to]):
		return 0, 0 // the password is wrong
	case k.kind == field && text[from-1] != '"' && text[from-1] != '\'':
		to = fieldEnd(text, from)
	case k.kind == number:
		to = numberEnd(text, from)
	}
	return from, to
}
