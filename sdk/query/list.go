package query

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// ListType says what the entries of a list are, and how they are compared.
type ListType uint8

// The types of lists. ASCII letters count as equal in either case but for keywords.
const (
	ListIP      ListType = iota + 1 // addresses and networks: an address matches if it is one or within one
	ListDomain                      // names of hosts: a name matches if it is one or a subdomain of one
	ListHash                        // digests in hexadecimal digits
	ListUser                        // names of users
	ListKeyword                     // texts, compared byte by byte
)

var listTypes = map[ListType]string{ListIP: "ip", ListDomain: "domain", ListHash: "hash", ListUser: "user", ListKeyword: "keyword"}

// ListTypes are the names of all types.
func ListTypes() []string { return []string{"ip", "domain", "hash", "user", "keyword"} }

// String is the name of the type, as documents have it.
func (t ListType) String() string { return listTypes[t] }

// ParseListType finds a type by its name.
func ParseListType(s string) (ListType, error) {
	for t, name := range listTypes {
		if name == s {
			return t, nil
		}
	}
	return 0, fmt.Errorf("%q is no type of a list: write one of %s", clip(s), strings.Join(ListTypes(), ", "))
}

// Fits says whether a field of type f can be compared with a list.
func (t ListType) Fits(f ecs.Type) bool {
	if t == ListIP {
		return f == ecs.IP
	}
	return f == ecs.Keyword
}

func (t ListType) folds() bool { return t != ListKeyword }

// Limits of lists.
const (
	MaxListEntries = 1_000_000
	MaxListName    = 64      // bytes
	maxListValue   = 1024    // bytes of an entry
	maxListTexts   = 1 << 30 // bytes of all entries: offsets have 32 bits
	neverExpires   = math.MaxUint32
	lastListExpiry = 1 << 32 // seconds since 1970: 2106
)

// CheckListName says whether a name may be that of a list: letters, digits, '.', '_' and '-' of ASCII, a letter or
// digit first.
func CheckListName(name string) error {
	ok := name != "" && len(name) <= MaxListName
	for i := 0; i < len(name) && ok; i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || i > 0 && (c == '.' || c == '_' || c == '-')
	}
	if !ok {
		return fmt.Errorf("%q cannot be the name of a list: write 1 to %d letters, digits, '.', '_' and '-', with a letter or digit first", clip(name), MaxListName)
	}
	return nil
}

// ParseListValue reads an entry as somebody writes it, and returns it as lists of the type keep it: addresses and
// networks in their usual form (IPv4-mapped IPv6 as IPv4, host bits cleared, a network of one address as the address),
// names and digests in lower case. White space around it does not count.
func ParseListValue(t ListType, s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fmt.Errorf("the value is empty")
	case len(s) > maxListValue:
		return "", fmt.Errorf("the value is %d bytes long, the limit is %d", len(s), maxListValue)
	case !utf8.ValidString(s):
		return "", fmt.Errorf("%q is not UTF-8", clip(s))
	}
	switch t {
	case ListIP:
		return listAddress(s)
	case ListDomain:
		return listDomain(s)
	case ListHash:
		return listHash(s)
	case ListUser, ListKeyword:
		if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
			return "", fmt.Errorf("%q has a control character", clip(s))
		}
		if t == ListUser {
			s = lowerASCII(s)
		}
		return s, nil
	default:
		return "", fmt.Errorf("no type of a list")
	}
}

func listAddress(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	p, err := ParsePrefix(s)
	if err != nil {
		return "", fmt.Errorf("%q is no IP address and no network: write e.g. 192.0.2.7, 2001:db8::1 or 192.0.2.0/24", clip(s))
	}
	if p.IsSingleIP() {
		return p.Addr().String(), nil
	}
	return p.String(), nil
}

func listDomain(s string) (string, error) {
	name := strings.TrimSuffix(lowerASCII(s), ".")
	bad := func(why, hint string) (string, error) {
		return "", fmt.Errorf("%q is no name of a host: %s: %s", clip(s), why, hint)
	}
	switch {
	case strings.Contains(name, "://"), strings.ContainsAny(name, "/?#@: "):
		return bad("it has characters that names have not", "write the name alone, e.g. phish.example.com")
	case strings.HasPrefix(name, "*.") || strings.HasPrefix(name, "."):
		return bad("subdomains match anyway", "write "+strings.TrimLeft(name, "*."))
	case strings.Contains(name, "*"):
		return bad("there are no wildcards", "write the name whose subdomains are meant")
	case len(name) > 253 || strings.Contains(name, "..") || name == "":
		return bad("its parts are 1 to 63 bytes, 253 together (RFC 1035)", "write e.g. phish.example.com")
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > 63 {
			return bad("its parts are 1 to 63 bytes, 253 together (RFC 1035)", "write e.g. phish.example.com")
		}
	}
	return name, nil
}

func listHash(s string) (string, error) {
	if _, err := hex.DecodeString(s); err != nil || !slices.Contains([]int{32, 40, 56, 64, 96, 128}, len(s)) {
		return "", fmt.Errorf("%q is no digest: write 32 hexadecimal digits (MD5), 40 (SHA-1), 56, 64, 96 or 128 (SHA-2)", clip(s))
	}
	return lowerASCII(s), nil
}

// lowerASCII lowers the letters that all executors lower alike.
func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = asciiLower[b[i]]
			}
			return string(b)
		}
	}
	return s
}

// List is a list of values, made for finding. It is immutable. What has expired is no longer in it: each question says
// what time it is, in nanoseconds since 1970.
type List struct {
	typ     ListType
	entries int
	texts   textSet
	addrs   addrSet
	more    *List // what was added since; nil is nothing
	gone    *List // what was removed since, as entries are written; nil is nothing
}

// With is the list with what was removed and added since, in this order, as lists of its type: it does not have what gone
// has, unless more has it; of two that have a value, for as long as either has it. Of addresses gone has single ones, which
// then are in no network of the list either. total is the number of different entries. No list is changed. What an earlier
// With said is not part of it; nil is nothing.
func (l *List) With(more, gone *List, total int) *List {
	sum := *l
	sum.more, sum.gone, sum.entries = more, gone, total
	return &sum
}

// Type is what the entries are.
func (l *List) Type() ListType { return l.typ }

// Len is the number of different entries, those that have expired included.
func (l *List) Len() int { return l.entries }

// Bytes is about what the list takes in memory.
func (l *List) Bytes() int64 {
	size := l.texts.bytes() + l.addrs.bytes()
	for _, since := range []*List{l.more, l.gone} {
		if since != nil {
			size += since.Bytes()
		}
	}
	return size
}

// Has says whether a text matches an entry; false for lists of addresses.
func (l *List) Has(text []byte, now int64) bool {
	has := false
	switch l.typ {
	case ListIP:
	case ListDomain:
		has = l.texts.hasSuffix(text, listTime(now), l.without())
	default:
		has = l.texts.has(text, listTime(now), l.without())
	}
	return has || l.more != nil && l.more.Has(text, now)
}

// HasAddr says whether an address is an entry or in one; false for lists of texts.
func (l *List) HasAddr(a netip.Addr, now int64) bool {
	b := a.As16()
	return l.hasAddr(halves(b[:]), now)
}

func (l *List) hasAddr(a [2]uint64, now int64) bool {
	if l.addrs.has(a, listTime(now)) && (l.gone == nil || !l.gone.addrs.has(a, 0)) {
		return true
	}
	return l.more != nil && l.more.hasAddr(a, now)
}

// without are the texts that were removed; nil is none.
func (l *List) without() *textSet {
	if l.gone == nil {
		return nil
	}
	return &l.gone.texts
}

// listTime is an instant as entries have theirs.
func listTime(now int64) uint32 {
	s := now / int64(time.Second)
	return uint32(min(max(s, 0), neverExpires-1))
}

// ListBuilder collects the entries of a list. The zero value is not ready; see [NewListBuilder].
type ListBuilder struct {
	typ   ListType
	texts textSet
	spans []span
	count int
}

// NewListBuilder makes a builder of a list with about so many entries and bytes of text; 0 for what is not known.
func NewListBuilder(t ListType, entries, bytes int) *ListBuilder {
	b := &ListBuilder{typ: t}
	entries, bytes = min(entries, MaxListEntries), min(bytes, maxListTexts)
	if t == ListIP {
		b.spans = make([]span, 0, entries)
		return b
	}
	b.texts = newTextSet(t.folds(), entries, bytes)
	return b
}

// Add adds an entry as [ParseListValue] returns it; expires is in nanoseconds since 1970, 0 never. Of an entry that is
// added again the later expiry counts; fresh is false then.
func (b *ListBuilder) Add(value []byte, expires int64) (fresh bool, err error) {
	until := uint32(neverExpires)
	if s := (expires + int64(time.Second) - 1) / int64(time.Second); expires != 0 && s < neverExpires {
		until = uint32(max(s, 0))
	}
	if b.count >= MaxListEntries {
		return false, fmt.Errorf("a list has at most %d entries", MaxListEntries)
	}
	if b.typ == ListIP {
		s, err := spanOf(value)
		if err != nil {
			return false, err
		}
		s.until = until
		b.spans = append(b.spans, s)
		b.count++
		return true, nil // equal ones are found by Build
	}
	fresh, err = b.texts.add(value, until)
	if fresh {
		b.count++
	}
	return fresh, err
}

// Build makes the list. The builder is spent.
func (b *ListBuilder) Build() *List {
	l := &List{typ: b.typ, entries: b.count, texts: b.texts}
	if b.typ == ListIP {
		l.addrs, l.entries = newAddrSet(b.spans)
	}
	b.texts, b.spans = textSet{}, nil
	return l
}
