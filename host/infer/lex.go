package infer

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/timestamp"
)

// atom is the smallest part of a sentence: a word, a value whose look says that it is one, or what stands between.
type atom struct {
	text  string
	kind  kind
	value bool   // never a word of the sentence itself
	glue  bool   // blanks and punctuation
	name  string // what the look says of its meaning
}

var (
	mnemonicPattern = regexp.MustCompile(`^%([A-Z0-9_]+(?:-[A-Z0-9_]+)*?)-(\d)-([A-Z0-9_]+)`)
	modulePattern   = regexp.MustCompile(`^(%%(?:\d\d)?)([A-Z_]+)/(?:([A-Z_]+)/)?(\d)/([A-Z_0-9]+)`)
	clockAtom       = regexp.MustCompile(`^\d{1,3}:\d\d:\d\d\b`)
	numberAtom      = regexp.MustCompile(`^-?\d+(\.\d+)?`)
	addressAtom     = regexp.MustCompile(`^(\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})`)
	urlAtom         = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[^\s"'<>\])]+`)
	stateAtom       = regexp.MustCompile(`^[A-Za-z]*--[A-Za-z-]*`) // such as HAProxy's ---- and sD--
	mailAtom        = regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)+`)
	hexWord         = regexp.MustCompile(`^0x[0-9A-Fa-f]+$`)
	pathAtom        = regexp.MustCompile(`^/[^\s"',;:()\[\]]*`)
)

// lex cuts a sentence into atoms.
func lex(s string) (out []atom) {
	for i := 0; i < len(s); {
		list, n := lexOne(s, i)
		out = append(out, list...)
		i += n
	}
	return out
}

func value(text string, k kind, name string) atom {
	return atom{text: text, kind: k, value: true, name: name}
}
func glue(text string) atom { return atom{text: text, glue: true} }

// lexOne reads at s[i], and says how many bytes it took.
func lexOne(s string, i int) ([]atom, int) {
	rest := s[i:]
	fresh := i == 0 || !isWord(prevRune(s, i)) // not in the middle of a word
	c := rest[0]
	if m := mnemonicPattern.FindStringSubmatch(rest); m != nil {
		return []atom{glue("%"), {text: m[1], kind: word}, glue("-"), value(m[2], integer, "syslog_severity"), glue("-"), value(m[3], word, "event_code")}, len(m[0])
	}
	if m := modulePattern.FindStringSubmatch(rest); m != nil {
		out := []atom{glue(m[1])}
		if m[3] == "" {
			out = append(out, value(m[2], word, "module"))
		} else {
			out = append(out, value(m[2], word, "device_class"), glue("/"), value(m[3], word, "module"))
		}
		return append(out, glue("/"), value(m[4], integer, "syslog_severity"), glue("/"), value(m[5], word, "log_kind")), len(m[0])
	}
	switch {
	case c == '"' || c == '\'' && fresh:
		if n := closing(rest, c); n > 0 {
			v := rest[1:n]
			return []atom{glue(rest[:1]), value(v, kindOf(v), ""), glue(rest[n : n+1])}, n + 1
		}
	case fresh && (unicode.IsDigit(rune(c)) || unicode.IsLetter(rune(c)) || c == ':' || c == '/' || c == '-'):
		if list, n := lexValue(s, i); n > 0 {
			return list, n
		}
	}
	if c == ' ' || c == '\t' {
		n := len(rest) - len(strings.TrimLeft(rest, " \t"))
		return []atom{glue(rest[:n])}, n
	}
	r, n := utf8.DecodeRuneInString(rest)
	if !isWord(r) {
		return []atom{glue(rest[:n])}, n
	}
	if m := mailAtom.FindString(rest); m != "" && fresh {
		return []atom{value(m, word, "email")}, len(m)
	}
	for n < len(rest) {
		r, k := utf8.DecodeRuneInString(rest[n:])
		if !isWord(r) && !(strings.ContainsRune(`.-\$+`, r) && n+k < len(rest) && isWord(nextRune(rest, n+k))) {
			break
		}
		n += k
	}
	return []atom{lexWord(rest[:n], rest[n:])}, n
}

// lexValue reads times, addresses, URLs, paths and numbers.
func lexValue(s string, i int) ([]atom, int) {
	rest := s[i:]
	if l, n, ok := timestamp.Detect([]byte(rest)); ok && !strings.HasPrefix(l.String(), "unix") {
		return []atom{value(rest[:n], instant, "time")}, n
	}
	if l, n, ok := timestamp.Detect([]byte(rest)); ok && i == 0 && n >= len("1700000000.000") && strings.HasPrefix(l.String(), "unix") {
		return []atom{value(rest[:n], float, "time")}, n
	}
	if m := clockAtom.FindString(rest); m != "" {
		return []atom{value(m, clockOnly, "")}, len(m)
	}
	if m := addressAtom.FindString(rest); m != "" && !(len(m) < len(rest) && isWord(nextRune(rest, len(m)))) {
		if _, err := netip.ParseAddr(m); err == nil {
			return []atom{value(m, address, "")}, len(m)
		}
	}
	if m := urlAtom.FindString(rest); m != "" {
		return []atom{value(m, location, "")}, len(m)
	}
	if rest[0] == '/' && (i == 0 || s[i-1] == ' ' || s[i-1] == '=') {
		if m := pathAtom.FindString(rest); len(m) > 1 {
			return []atom{value(m, kindOf(m), "")}, len(m)
		}
	}
	if rest[0] == '-' && (i == 0 || s[i-1] == ' ') && (len(rest) == 1 || rest[1] == ' ') {
		return []atom{{text: "-", kind: blank}}, 1
	}
	if m := stateAtom.FindString(rest); m != "" && i > 0 && s[i-1] == ' ' && (len(m) == len(rest) || rest[len(m)] == ' ') {
		return []atom{value(m, word, "")}, len(m)
	}
	if m := numberAtom.FindString(rest); m != "" && !(len(m) < len(rest) && (isWord(nextRune(rest, len(m))) || rest[len(m)] == '.')) {
		return []atom{value(m, kindOf(m), "")}, len(m)
	}
	return nil, 0
}

// lexWord makes an atom of a word. Some words are always values.
func lexWord(w, rest string) atom {
	lower := strings.ToLower(w)
	switch {
	case slices.Contains([]string{"tcp", "udp", "icmp", "gre", "esp"}, lower):
		return value(w, word, "proto")
	case slices.Contains(methods, w):
		return value(w, word, "method")
	case slices.Contains([]string{"inbound", "outbound"}, lower):
		return value(w, word, "direction")
	case w == strings.ToUpper(w) && (strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "]")):
		if _, ok := severityOf(w); ok && len(w) > 2 {
			return value(w, word, "severity")
		}
	case hexWord.MatchString(w), len(w) >= 12 && strings.ContainsFunc(w, unicode.IsDigit) && strings.ContainsFunc(w, unicode.IsLetter) && !strings.ContainsAny(w, "-_."):
		return value(w, word, "") // a number or a sum, made of letters too
	case hostPattern.MatchString(w) && strings.Count(w, ".") > 1:
		return value(w, host, "")
	}
	return atom{text: w, kind: word}
}

// closing is where the quote ends that s starts with; 0 if it does not.
func closing(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return 0
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func prevRune(s string, i int) rune {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}

func nextRune(s string, i int) rune {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r
}
