package infer

import (
	"fmt"
	"slices"
	"strings"
)

// Words whose next word is a value.
var (
	valueAfter = []string{"user", "username", "account", "interface", "group", "host", "hostname", "login", "rule", "policy", "access-group", "uid", "gid"}
	noValue    = []string{
		"login", "logged", "name", "from", "is", "has", "was", "session", "account", "authentication", "not", "by", "to", "for", "on", "in", "of",
		"at", "with", "and", "or", "unknown", "request", "password", "added", "deleted", "created", "via", "denied", "failed", "permitted", "database",
	}
	restAfter = []string{"statement", "message", "msg", "reason", "error", "query", "sql", "command", "detail", "hint"}
	sideWords = map[string]string{
		"from": "src", "src": "src", "source": "src", "client": "src", "for": "src", "to": "dst", "dst": "dst", "dest": "dst", "destination": "dst",
		"server": "dst", "laddr": "dst", "faddr": "src",
	}
)

// mark finds words that are values by what stands before them, and the one that says how things went.
func mark(atoms []atom) []atom {
	decided := slices.ContainsFunc(atoms, func(a atom) bool { return a.kind == request })
	for i := range atoms {
		a := &atoms[i]
		if a.glue {
			continue
		}
		before := wordBefore(atoms, i)
		switch {
		case i >= 2 && atoms[i-1].text == "=" && !atoms[i-2].glue:
			a.value, a.name = true, atoms[i-2].text
		case a.value:
		case i >= 1 && atoms[i-1].text == "@" && i >= 2 && !atoms[i-2].glue:
			atoms[i-2].value, atoms[i-2].name = true, "user"
			a.value, a.name = true, "database"
		case i+2 < len(atoms) && atoms[i+1].text == ":" && atoms[i+2].kind == address:
			a.value, a.name = true, "interface"
		case slices.Contains(valueAfter, before) && !slices.Contains(noValue, strings.ToLower(a.text)):
			a.value, a.name = true, before
		case !decided && a.kind == word:
			if d, ok := decisionOf(a.text); ok && (d.typ != "" || d.outcome != "") && len(a.text) > 2 && !strings.HasSuffix(before, "=") {
				a.value, a.name, decided = true, "action", true
			}
		}
		if i+3 < len(atoms) && slices.Contains(restAfter, strings.ToLower(a.text)) && atoms[i+1].text == ":" && isBlanks(atoms[i+2].text) {
			var b strings.Builder
			for _, r := range atoms[i+3:] {
				b.WriteString(r.text)
			}
			name := strings.ToLower(a.text)
			return append(atoms[:i+3:i+3], value(b.String(), kindOf(b.String()), name))
		}
	}
	return atoms
}

// wordBefore is the word in front of atom i, with nothing but a blank, a colon or a quote between; empty if there is none.
func wordBefore(atoms []atom, i int) string {
	for k := i - 1; k >= 0 && k >= i-4; k-- {
		switch t := atoms[k].text; {
		case !atoms[k].glue && !atoms[k].value:
			return strings.ToLower(t)
		case !atoms[k].glue, !isBlanks(t) && t != ":" && t != `"` && t != "'" && t != "=" && t != "[":
			return ""
		}
	}
	return ""
}

// namer gives the values of a sentence names by what they look like and what stands around them.
type namer struct {
	c       *cluster
	atoms   []atom
	used    map[string]int
	side    string // src or dst, by the last word that says so
	given   map[string]bool
	last    string // name of the value before
	http    int    // values behind a request: 1 the status is next, 2 the size, 3 referrer, 4 agent
	columns []column
}

// names are the names of the atoms below end that vary, and their kinds in package template.
func (c *cluster) names(end int) (names, kinds []string) {
	n := &namer{c: c, atoms: c.sentences[0].atoms, used: map[string]int{}, given: map[string]bool{}, columns: make([]column, end)}
	names, kinds = make([]string, end), make([]string, end)
	hasRequest := false
	for i := range end {
		if !c.vary[i] {
			continue
		}
		for _, s := range c.sentences {
			n.columns[i].add(s.line, s.atoms[i].text)
		}
		n.columns[i].settle()
		hasRequest = hasRequest || n.columns[i].kind == request || n.atoms[i].name == "method"
	}
	for i := range end {
		if !c.vary[i] {
			if s, ok := sideWords[strings.ToLower(n.atoms[i].text)]; ok && !n.atoms[i].glue {
				n.side = s
			}
			continue
		}
		name := plainName(n.name(i, hasRequest))
		if c.tail > 0 && name == "reason" {
			name = "detail"
		}
		n.used[name]++
		if k := n.used[name]; k > 1 && name != noName {
			name = fmt.Sprintf("%s_%d", name, k)
		}
		names[i], n.last = name, name
		kinds[i] = n.columns[i].template()
	}
	return names, kinds
}

// template is the kind of package template that takes the values of a column; empty for any text.
func (c *column) template() string {
	switch c.kind {
	case address:
		return "ip"
	case integer:
		return "int"
	case float:
		return "number"
	case instant:
		return "time"
	case text, agent, request, blank:
		return ""
	}
	return "word"
}

// name names the value of atom i.
func (n *namer) name(i int, hasRequest bool) string {
	a, col := n.atoms[i], &n.columns[i]
	prev := n.glueBefore(i)
	switch {
	case a.name == "interface" && i+2 < len(n.atoms) && n.atoms[i+2].kind == address:
		return n.ownSide() + "_interface"
	case a.name == "port" && strings.HasSuffix(n.last, "_ip"):
		return strings.TrimSuffix(n.last, "_ip") + "_port"
	case a.name != "" && (col.kind != address || meaning(a.name) != "host.name"):
		return a.name
	case col.kind == address:
		return n.address(prev)
	case col.kind == integer && (prev == "/" || prev == ":" || n.before(i) == "port") && (strings.HasSuffix(n.last, "_ip") || n.before(i) == "port"):
		if strings.HasSuffix(n.last, "_ip") {
			return strings.TrimSuffix(n.last, "_ip") + "_port"
		}
		return n.sideOr("src") + "_port"
	case hasRequest:
		if name := n.web(i); name != "" {
			return name
		}
	case col.kind == integer && prev == "[" && strings.HasPrefix(n.glueAfter(i), "]") && n.used["pid"] == 0:
		return "pid"
	}
	return n.byContext(i)
}

// sideOr is the side that the words say, else what is given.
func (n *namer) sideOr(side string) string {
	if n.side != "" {
		return n.side
	}
	return side
}

// ownSide is the side of the next address: what the words say, unless that one has its address.
func (n *namer) ownSide() string {
	if n.side == "" || n.given[n.side] {
		if !n.given["src"] {
			return "src"
		}
		return "dst"
	}
	return n.side
}

// address names addresses: behind another one in parentheses stands the translated one.
func (n *namer) address(prev string) string {
	if prev == "(" && (strings.HasSuffix(n.last, "_port") || strings.HasSuffix(n.last, "_ip")) && !strings.Contains(n.last, "nat") {
		return n.last[:strings.IndexByte(n.last, '_')] + "_nat_ip"
	}
	side := n.ownSide()
	n.given[side] = true
	return side + "_ip"
}

// web names what stands around the request in lines of web servers and proxies.
func (n *namer) web(i int) string {
	col := &n.columns[i]
	quoted := n.glueBefore(i) == `"`
	switch {
	case col.kind == request:
		n.http = 1
		return "request_line"
	case n.used["status_code"] == 0 && col.kind == integer && (isBlanks(n.glueBefore(i)) || n.glueBefore(i) == "/") && isBlanks(n.glueAfter(i)) && col.within(100, 599):
		n.http = 2
		return "status_code"
	case n.http == 2 && n.used["request_line"] > 0 && (col.kind == integer || col.kind == blank):
		n.http = 3
		return "body_bytes"
	case n.http == 2 && col.kind == integer:
		n.http = 0
		return "response_bytes"
	case n.http == 3 && quoted:
		n.http = 4
		return "referer"
	case n.http == 4 && quoted:
		n.http = 5
		return "user_agent"
	case n.http == 5 && quoted:
		return "forwarded_for"
	case n.http == 5 && col.kind == float:
		return "request_time"
	case n.http == 5 && col.kind == integer:
		return "request_time_us"
	case i == 0 && col.kind == host:
		return "vhost"
	case n.http == 0 && n.used["request_line"] == 0 && n.glueAfter(i) == " [" && (n.last == "src_ip" || n.last == noName):
		return "user"
	}
	return ""
}

// byContext names a value by the word in front of it.
func (n *namer) byContext(i int) string {
	if w := n.before(i); w != "" && keyPattern.MatchString(w) {
		if w == "for" || w == "user" {
			if n.columns[i].kind == word || n.columns[i].kind == host || n.columns[i].kind == text {
				return "user"
			}
		}
		if m := meaning(w); m == meansDuration {
			return w + n.unit(i)
		} else if m != "" || len(w) > 2 {
			return w
		}
	}
	switch n.columns[i].kind {
	case request:
		return "request_line"
	case location:
		return "url"
	case agent:
		return "user_agent"
	case mac:
		return n.sideOr("src") + "_mac"
	}
	return noName
}

// unit is the unit that a sentence gives behind a number, as the end of a name.
func (n *namer) unit(i int) string {
	if i+2 < len(n.atoms) && isBlanks(n.atoms[i+1].text) && slices.Contains([]string{"ms", "us", "ns"}, n.atoms[i+2].text) {
		return "_" + n.atoms[i+2].text
	}
	return ""
}

func plainName(w string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, strings.ToLower(w))
}

// before is the word of the sentence in front of atom i.
func (n *namer) before(i int) string {
	for k := i - 1; k >= 0; k-- {
		if !n.atoms[k].glue {
			if k < len(n.c.vary) && n.c.vary[k] {
				return "" // a value itself
			}
			break
		}
	}
	return wordBefore(n.atoms, i)
}

// glueBefore is what stands between atom i and the one before.
func (n *namer) glueBefore(i int) string {
	k := i
	for k > 0 && n.atoms[k-1].glue {
		k--
	}
	var b strings.Builder
	for _, a := range n.atoms[k:i] {
		b.WriteString(a.text)
	}
	if t := b.String(); t != "" {
		return t[len(t)-1:] // the nearest
	}
	return ""
}

func (n *namer) glueAfter(i int) string {
	var b strings.Builder
	for _, a := range n.atoms[i+1:] {
		if !a.glue {
			break
		}
		b.WriteString(a.text)
	}
	return b.String()
}
