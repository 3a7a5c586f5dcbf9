package scaffold

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,63}$`)

// CheckName says whether name can be the id of a plugin and the name of its folder.
func CheckName(name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	fixed := strings.Trim(strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-':
			return r
		case r == ' ' || r == '.' || r == '/':
			return '_'
		}
		return -1
	}, name), "_-0123456789")
	hint := ""
	if namePattern.MatchString(fixed) {
		hint = fmt.Sprintf(", e.g. %s", fixed)
	}
	return fmt.Errorf("%q is no name of a plugin: want 2 to 64 lower-case letters, digits, '_' and '-', a letter first%s", name, hint)
}

// spelling has the words of field names that Go spells in another way than with one capital.
var spelling = map[string]string{
	"as": "AS", "ip": "IP", "mac": "MAC", "nat": "NAT", "dns": "DNS", "id": "ID", "iso": "ISO", "http": "HTTP", "os": "OS", "pid": "PID", "url": "URL", "uuid": "UUID",
	"vlan": "VLAN", "tls": "TLS", "md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "msgid": "MsgID", "procid": "ProcID", "api": "API", "cpu": "CPU",
}

// exported is the name of a field's constant in package ecs: source.ip is SourceIP.
func exported(field string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(strings.TrimPrefix(field, "@"), func(r rune) bool { return r == '.' || r == '_' || r == '-' }) {
		if s, ok := spelling[w]; ok {
			b.WriteString(s)
			continue
		}
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

// taken are names that a variable of a plugin cannot have.
var taken = []string{
	"parser", "config", "main", "init", "line", "ev", "it", "v", "h", "p", "rest", "err", "level", "action", "outcome", "duration", "transport",
	"endpoint", "request", "location", "header", "blank", "scanner", "date", "clock", "sdk", "ecs", "kv", "cef", "leef", "syslog", "time", "bytes", "errors",
	"math", "strconv", "string", "byte", "error", "int", "len", "min", "max", "new", "nil", "true", "false", "set", "pair", "found", "any", "bool",
	"delimited", "template", "jsonscan", "netip", "timestamp", "zone", "key", "templates", "row", "i", "n", "ok", "copy", "cap", "append", "close", "clear",
	"delete", "print", "real", "record", "text", "lead", "leading", "first", "sentences", "blocked", "signature", "clockDuration", "names", "columns", "m", "e",
}

// variable is the name of the variable that holds a plugin's own field: acme.session_id is sessionID.
func variable(field string, used map[string]bool) string {
	_, name, _ := strings.Cut(field, ".")
	full := exported(name)
	first := full
	for i, r := range full {
		if i > 0 && unicode.IsLower(r) {
			if i > 1 {
				first = strings.ToLower(full[:i-1]) + full[i-1:]
			} else {
				first = strings.ToLower(full[:1]) + full[1:]
			}
			break
		}
	}
	if first == full {
		first = strings.ToLower(full)
	}
	if first == "" || first[0] >= '0' && first[0] <= '9' {
		first = "field" + full
	}
	if token.IsKeyword(first) || slices.Contains(taken, first) {
		first += "Field"
	}
	out := first
	for n := 2; used[out]; n++ {
		out = fmt.Sprintf("%s%d", first, n)
	}
	used[out] = true
	return out
}
