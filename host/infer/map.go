package infer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// mapper gives columns their fields.
type mapper struct {
	spec    *Spec
	own     map[string]bool
	written map[string]bool
	taken   map[string][]*column // columns by the field that has them
	class   string               // device class that all lines name in front: FW of %%FW/…
	flipped bool                 // severities grow, whatever their name
}

func (m *mapper) wrote(names ...string) {
	if m.written == nil {
		m.written = map[string]bool{}
	}
	for _, n := range names {
		m.written[n] = true
	}
}

// columns maps the columns of a body, in order of appearance.
// Labels are what keys are called in the lines themselves, as cs1Label says of cs1.
func (m *mapper) columns(list []*column, labels map[string]string) (out []Field) {
	for _, c := range list {
		c.settle()
	}
	stamp := m.chooseTime(list)
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	// What happened in the device's words may be an action, but only where nothing else is.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(vague(list[a].key), vague(list[b].key)) })
	for _, i := range order {
		c := list[i]
		if c.kind == blank || meaning(c.key) == meansNothing || !stamp.is(c) && (c.kind == dateOnly || c.kind == clockOnly && meaning(c.key) != meansDuration) {
			continue
		}
		key := c.key
		if l := labels[key]; l != "" && l != "\x00" {
			c.key = l
		}
		m.noteBlanks(c)
		var f Field
		ok := true
		switch {
		case stamp.is(c):
			f = stamp.field(c)
			m.wrote(meansTime)
		default:
			f, ok = m.field(c)
		}
		if !ok {
			f = m.ownField(c)
		}
		f.Key, f.Index, f.First = key, i, len(c.more) > 0 && !m.isList(f.Name)
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Field) int { return cmp.Compare(a.Index, b.Index) })
	return out
}

// isList says whether a field keeps several values of an event.
func (m *mapper) isList(name string) bool {
	if i := slices.IndexFunc(m.spec.Own, func(o Own) bool { return o.Name == name }); i >= 0 {
		return m.spec.Own[i].List
	}
	f, _ := ecs.Lookup(name)
	return f.Info().List
}

// vague is 1 for keys whose meaning depends on what else there is, else 0: a message is the reason where nothing else is.
func vague(key string) int {
	plain := plainKey(key)
	switch means := meaning(key); {
	case means == meansEvent,
		means == "event.reason" && !strings.Contains(plain, "reason") && !strings.Contains(plain, "cause") && !strings.Contains(plain, "原因"):
		return 1
	}
	return 0
}

func (m *mapper) noteBlanks(c *column) {
	for _, v := range c.values {
		if v != "" && isBlank(v) && !slices.Contains(m.spec.Blanks, v) {
			m.spec.Blanks = append(m.spec.Blanks, v)
		}
	}
	slices.Sort(m.spec.Blanks)
}

// free claims a field for a column. Two columns share one only if no line has both.
func (m *mapper) free(name string, c *column) bool {
	for _, other := range m.taken[name] {
		for _, l := range c.lines {
			if slices.Contains(other.lines, l) {
				return false
			}
		}
	}
	m.taken[name] = append(m.taken[name], c)
	return true
}

// field maps a column by what its key means. It is false if the key is not known, or its values do not fit.
func (m *mapper) field(c *column) (Field, bool) {
	means := meaning(c.key)
	switch means {
	case "", meansTime, meansDate, meansClock:
		return Field{}, false
	case meansSeverity:
		return m.severity(c)
	case meansAction, meansOutcome:
		return m.decided(c, means)
	case meansBlocked:
		return m.blocked(c)
	case meansDuration:
		return m.duration(c)
	case meansURL, meansRequest:
		return m.url(c)
	case meansSource, meansTarget:
		return m.side(c, means)
	case meansEvent:
		return m.event(c)
	case "source.bytes", "destination.bytes":
		if c.kind == word { // IN=eth0 of netfilter
			way := map[string]string{"in": "observer.ingress.interface.name", "out": "observer.egress.interface.name"}[strings.ToLower(c.key)]
			return m.plain(c, way)
		}
	case "network.transport":
		if c.kind == integer && c.largest() > 255 && strings.HasPrefix(strings.ToLower(c.key), "trans") {
			return m.plain(c, "source.nat.port") // FortiGate's transport, beside transip
		}
		if c.kind == integer && m.free(means, c) {
			m.wrote(means)
			return Field{As: AsTransport, Name: means}, true
		}
	case "network.protocol":
		if c.kind == integer && c.within(1, 65535) {
			return m.plain(c, "destination.port") // service=443
		}
	case "rule.name":
		if all(c.distinct(), func(v string) bool { d, ok := decisionOf(v); return ok && d.typ != "" }) {
			return m.decided(c, meansAction) // rule=accept
		}
	case "http.request.method":
		if !all(c.distinct(), func(v string) bool { return slices.Contains(methods, strings.ToUpper(v)) }) {
			return m.decided(c, meansAction) // verb=create
		}
	case "process.name":
		if c.kind == path {
			return m.plain(c, "process.executable")
		}
	case "http.version":
		if strings.HasPrefix(c.distinct()[0], "HTTP/") && m.free(means, c) {
			m.wrote(means)
			return Field{As: AsProtocol, Name: means}, true
		}
	}
	return m.plain(c, means)
}

// plain sets a field as the value is, if its type allows that.
func (m *mapper) plain(c *column, name string) (Field, bool) {
	f, ok := ecs.Lookup(name)
	if !ok {
		return Field{}, false
	}
	field := Field{As: AsValue, Name: name, Type: f.Type()}
	switch f.Type() {
	case ecs.IP:
		switch {
		case c.kind == endpoint:
			return m.side(c, strings.TrimSuffix(name, ".ip"))
		case c.kind != address && strings.HasSuffix(name, ".ip") && !f.Info().List && name != "source.nat.ip" && name != "destination.nat.ip":
			return m.side(c, strings.TrimSuffix(name, ".ip"))
		case c.kind != address:
			return Field{}, false
		}
	case ecs.Long:
		if c.kind != integer {
			return Field{}, false
		}
	case ecs.Double:
		if c.kind != integer && c.kind != float {
			return Field{}, false
		}
	case ecs.Date:
		layout, ok := c.layout()
		if !ok {
			return Field{}, false
		}
		field.As, field.Layout = AsTime, layout
	case ecs.Keyword:
		if name == "file.hash.md5" && c.kind != md5 || name == "file.hash.sha256" && c.kind != sha256 ||
			strings.HasSuffix(name, ".mac") && c.kind != mac {
			return Field{}, false
		}
	default:
		return Field{}, false
	}
	if !m.free(name, c) {
		return Field{}, false
	}
	if field.As == AsTime && zoneless(field.Layout) {
		m.spec.Time.Zone = true
	}
	m.wrote(name)
	return field, true
}

// layout is the layout of all values, which are times.
func (c *column) layout() (string, bool) {
	found := ""
	for _, v := range c.values {
		if isBlank(v) {
			continue
		}
		l, ok := layoutOf(v)
		if !ok {
			l, ok = unixLayout(v)
		}
		if !ok || found != "" && l != found {
			return "", false
		}
		found = l
	}
	return found, found != ""
}

// side maps an end of a connection by what its values look like.
func (m *mapper) side(c *column, side string) (Field, bool) {
	switch c.kind {
	case address:
		return m.plain(c, side+".ip")
	case endpoint:
		if m.free(side+".ip", c) && m.free(side+".port", c) {
			m.wrote(side+".ip", side+".port")
			return Field{As: AsEndpoint, Name: side + ".ip", Second: side + ".port"}, true
		}
	case integer:
		return m.plain(c, side+".port")
	case host:
		return m.plain(c, side+".domain")
	case word:
		return m.plain(c, side+".address")
	}
	return Field{}, false
}

// event maps what happened, in the device's words.
func (m *mapper) event(c *column) (Field, bool) {
	if c.kind == integer {
		return m.plain(c, "rule.id")
	}
	name, _, _ := strings.Cut(c.key, "(") // Event(1048)
	plain := plainKey(name)
	if (c.kind == word || c.kind == host) && (plain == "event" || plain == "eventtype") { // user.session.start looks like a host
		return m.decided(c, meansAction)
	}
	numbered := 0
	for _, v := range c.values {
		if signaturePattern.MatchString(v) {
			numbered++
		}
	}
	if numbered*2 > len(c.values) && m.free("rule.id", c) && m.free("rule.name", c) {
		m.wrote("rule.id", "rule.name")
		return Field{As: AsSignature, Name: "rule.name"}, true
	}
	return m.plain(c, "rule.name")
}

// signaturePattern is a name with its number in front.
var signaturePattern = regexp.MustCompile(`^\[[\w.-]+\]\s*\S`)

// blocked maps what says whether the device stopped what it saw.
func (m *mapper) blocked(c *column) (Field, bool) {
	yes := func(v string) bool { return slices.Contains(blockedWords, strings.ToLower(v)) }
	if !all(c.distinct(), func(v string) bool { return yes(v) || slices.Contains(passedWords, strings.ToLower(v)) }) || !m.free(meansAction, c) {
		return Field{}, false
	}
	m.wrote(meansAction, "event.type")
	f := Field{As: AsBlocked, Name: meansAction}
	for _, v := range c.distinct() {
		w := Word{Text: v, Type: "allowed"}
		if yes(v) {
			w = Word{Text: v, Type: "denied", Outcome: "failure"}
			m.wrote("event.outcome")
		}
		f.Words = append(f.Words, w)
	}
	return f, true
}

var (
	blockedWords = []string{"1", "true", "yes", "y", "是", "blocked"}
	passedWords  = []string{"0", "false", "no", "n", "否", "detected"}
)

func (m *mapper) severity(c *column) (Field, bool) {
	f := Field{As: AsLevel, Name: "log.level", Number: c.kind == integer}
	known := false
	for _, v := range c.distinct() {
		if f.Number {
			known = true
			break
		}
		if s, ok := severityOf(v); ok {
			f.Words = append(f.Words, Word{Text: v, Level: s})
			known = true
		}
	}
	if !known || !m.free("log.level", c) {
		return Field{}, false
	}
	m.wrote("log.level")
	if f.Number {
		m.wrote("event.severity")
		f.Max = c.largest()
		f.Syslog = !m.flipped && c.within(0, 7) && !strings.Contains(plainKey(c.key), "risk") && !strings.Contains(plainKey(c.key), "danger") &&
			!strings.Contains(plainKey(c.key), "threat") && !strings.Contains(plainKey(c.key), "危")
	}
	return f, true
}

// largest is the largest number among the values.
func (c *column) largest() (most int64) {
	for _, v := range c.distinct() {
		var n int64
		if _, err := fmt.Sscan(v, &n); err == nil {
			most = max(most, n)
		}
	}
	return most
}

// within says that all values are numbers from low to high.
func (c *column) within(low, high int64) bool {
	for _, v := range c.distinct() {
		var n int64
		if _, err := fmt.Sscan(v, &n); err != nil || n < low || n > high {
			return false
		}
	}
	return true
}

// wordy is what has no digits.
var wordy = regexp.MustCompile(`^[\pL _-]+$`)

// decided maps actions and results.
func (m *mapper) decided(c *column, means string) (Field, bool) {
	f := Field{As: AsAction, Name: means}
	if means == meansOutcome {
		f.As = AsOutcome
	}
	var typ, outcome bool
	for _, v := range c.distinct() {
		d, ok := decisionOf(v)
		if !ok {
			continue
		}
		w := Word{Text: v, Type: d.typ, Outcome: d.outcome}
		if w.Type == "" && w.Outcome == "" {
			continue
		}
		f.Words = append(f.Words, w)
		typ, outcome = typ || w.Type != "", outcome || w.Outcome != ""
	}
	switch {
	case means == meansOutcome && typ && len(m.taken[meansAction]) == 0 && !slices.ContainsFunc(f.Words, func(w Word) bool { return w.Type == "" }):
		return m.decided(c, meansAction) // status="Deny"
	case means == meansOutcome && c.kind == integer && c.within(100, 599):
		return m.plain(c, "http.response.status_code")
	case means == meansOutcome && !outcome && strings.Contains(plainKey(c.key), "status") && all(c.distinct(), wordy.MatchString):
		return m.decided(c, meansAction)
	case means == meansOutcome && (!outcome || !m.free(means, c)):
		return Field{}, false
	case means == meansAction && (c.kind == integer || c.kind == boolean || !m.free(means, c)):
		return Field{}, false
	}
	m.wrote(means)
	if means == meansOutcome {
		for i := range f.Words {
			f.Words[i].Type = ""
		}
		typ = false
	}
	if typ {
		m.wrote("event.type")
	}
	if outcome {
		m.wrote("event.outcome")
	}
	return f, true
}

func (m *mapper) duration(c *column) (Field, bool) {
	f := Field{As: AsDuration, Name: meansDuration, Unit: "s"}
	key := strings.ToLower(c.key)
	switch {
	case c.kind == clockOnly:
		f.Unit = "clock"
	case c.kind != integer && c.kind != float:
		return Field{}, false
	case strings.HasSuffix(key, "ms") || strings.Contains(key, "milli") || strings.Contains(key, "毫秒") || key == "time-taken":
		f.Unit = "ms"
	case strings.HasSuffix(key, "_us") || strings.Contains(key, "micro"):
		f.Unit = "us"
	case strings.HasSuffix(key, "_ns") || strings.Contains(key, "nano"):
		f.Unit = "ns"
	}
	if !m.free(meansDuration, c) {
		return Field{}, false
	}
	m.wrote(meansDuration)
	return f, true
}

// url maps URLs and the request lines of HTTP.
func (m *mapper) url(c *column) (Field, bool) {
	if !m.free(meansURL, c) {
		return Field{}, false
	}
	f := Field{As: AsURL, Name: meansURL}
	if c.kind == request {
		f.As = AsRequest
		m.wrote("http.request.method")
	}
	m.wrote(meansURL)
	for _, v := range c.distinct() {
		if f.As == AsRequest {
			part := strings.Split(v, " ")
			v = part[1]
			if len(part) > 2 {
				m.wrote("http.version")
			}
		}
		path, query, found := strings.Cut(v, "?")
		if _, rest, ok := strings.Cut(path, "://"); ok {
			domain, rest, _ := strings.Cut(rest, "/")
			if domain != "" {
				m.wrote("url.domain")
			}
			path = rest
		}
		if path != "" {
			m.wrote("url.path")
		}
		if found && query != "" {
			m.wrote("url.query")
		}
	}
	return f, true
}
