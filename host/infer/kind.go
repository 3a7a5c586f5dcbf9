package infer

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/sdk/timestamp"
)

// kind is what a value looks like.
type kind uint8

const (
	blank    kind = iota // nothing, or what devices write for it
	address              // an IP address
	endpoint             // an address and a port
	integer
	float
	instant // a time, by a layout of package timestamp
	dateOnly
	clockOnly
	boolean
	mac
	location // a URL with scheme, or a path with a query
	request  // the first line of an HTTP request
	md5
	sha256
	agent // what a browser says of itself
	path
	host // a name with dots
	word // no blanks
	text
)

var kindNames = [...]string{
	"nothing", "addresses", "addresses with ports", "whole numbers", "numbers", "times", "dates", "times of day", "true or false",
	"MAC addresses", "URLs", "HTTP requests", "MD5 sums", "SHA-256 sums", "user agents", "paths", "host names", "words", "text",
}

func (k kind) String() string { return kindNames[k] }

// blanks are what devices write where they have nothing to say.
var blanks = []string{"-", "--", "N/A", "n/a", "null", "(null)", "(empty)", "?"}

func isBlank(v string) bool {
	if v == "" {
		return true
	}
	for _, b := range blanks {
		if v == b {
			return true
		}
	}
	return false
}

var (
	datePattern    = regexp.MustCompile(`^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$`)
	clockPattern   = regexp.MustCompile(`^\d{1,2}:\d\d:\d\d([.,]\d+)?$`)
	macPattern     = regexp.MustCompile(`^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{4}[.-]){2}[0-9A-Fa-f]{4}$`)
	urlPattern     = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*://\S+|/\S*\?\S*)$`)
	requestPattern = regexp.MustCompile(`^[A-Z]{3,16} \S+( HTTP/\d(\.\d)?)?$`)
	hexPattern     = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
	agentPattern   = regexp.MustCompile(`^(Mozilla/|curl/|Wget/|python-requests/|Go-http-client/|okhttp/|[A-Za-z-]+/\d+(\.\d+)* )`)
	pathPattern    = regexp.MustCompile(`^(/[\w.@~+-]+)+/?$|^[A-Za-z]:\\`)
	hostPattern    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}$`)
	endPattern     = regexp.MustCompile(`^(?:\[([0-9A-Fa-f:]+)\]:|(\d+\.\d+\.\d+\.\d+)[:/])(\d{1,5})$`)
)

// kindOf says what one value looks like.
func kindOf(v string) kind {
	if isBlank(v) {
		return blank
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil && v[0] != '+' {
		return integer
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return address
	}
	if m := endPattern.FindStringSubmatch(v); m != nil {
		if _, err := netip.ParseAddr(m[1] + m[2]); err == nil {
			return endpoint
		}
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil && v[0] != '+' && v[0] <= '9' {
		return float
	}
	switch {
	case datePattern.MatchString(v):
		return dateOnly
	case clockPattern.MatchString(v):
		return clockOnly
	case macPattern.MatchString(v):
		return mac
	}
	if _, ok := layoutOf(v); ok {
		return instant
	}
	switch strings.ToLower(v) {
	case "true", "false":
		return boolean
	}
	switch {
	case requestPattern.MatchString(v) && (strings.Contains(v, " /") || strings.Contains(v, " HTTP/")):
		return request
	case urlPattern.MatchString(v):
		return location
	case len(v) == 32 && hexPattern.MatchString(v):
		return md5
	case len(v) == 64 && hexPattern.MatchString(v):
		return sha256
	case agentPattern.MatchString(v):
		return agent
	case pathPattern.MatchString(v):
		return path
	case hostPattern.MatchString(v):
		return host
	case strings.ContainsAny(v, " \t"):
		return text
	}
	return word
}

// layoutOf is the layout of a value that is a time as a whole. Numbers are none: see [unixLayout].
func layoutOf(v string) (string, bool) {
	l, n, ok := timestamp.Detect([]byte(v))
	if !ok || n != len(v) || strings.HasPrefix(l.String(), "unix") {
		return "", false
	}
	return l.String(), true
}

// unixLayout is the layout of a number that counts from 1970, by its digits.
func unixLayout(v string) (string, bool) {
	l, n, ok := timestamp.Detect([]byte(v))
	if !ok || n != len(v) || !strings.HasPrefix(l.String(), "unix") {
		return "", false
	}
	return l.String(), true
}

// column is what one key, place or name has in the lines that have it.
type column struct {
	key    string
	values []string
	lines  []int    // of each value
	more   []string // values of lines that had one before
	kind   kind     // of all values but blanks
	blanks int
}

func (c *column) add(line int, v string) {
	c.values = append(c.values, v)
	c.lines = append(c.lines, line)
}

// settle finds the kind that holds for all values.
func (c *column) settle() {
	c.kind, c.blanks = blank, 0
	for _, v := range c.values {
		k := kindOf(v)
		if k == blank {
			c.blanks++
			continue
		}
		c.kind = wider(c.kind, k)
	}
	for _, v := range c.more {
		c.kind = wider(c.kind, kindOf(v))
	}
}

// wider is the narrowest kind that values of a and b both are.
func wider(a, b kind) kind {
	switch {
	case a == blank || a == b:
		return b
	case b == blank:
		return a
	case a == integer && b == float || a == float && b == integer:
		return float
	case a == text || b == text || a == agent || b == agent || a == request || b == request:
		return text
	}
	return word
}

// distinct are the different values that say something, in order of appearance.
func (c *column) distinct() (out []string) {
	seen := map[string]bool{}
	for _, v := range c.values {
		if !isBlank(v) && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
