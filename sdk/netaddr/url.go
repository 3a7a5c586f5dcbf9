package netaddr

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/internal/swar"
)

// URL is the parts of a URL (RFC 3986). They alias its text and are nil where it has none; percent-encoding is
// left as it is.
type URL struct {
	Scheme   []byte // without "://"
	User     []byte // with the password, if there is one, behind a colon
	Host     []byte // a name or an address; one of IPv6 with its brackets, which url.domain of ECS has, too
	Port     []byte
	Path     []byte // from the first slash on
	Query    []byte // without '?'
	Fragment []byte // without '#'
}

// SplitURL takes a URL to pieces: a whole one, https://user@shop.example:8443/item?id=1#top; one without
// scheme, //host/path; the target of a request, /item?id=1; or a host and a path as proxies write them,
// shop.example/item and shop.example:443. It never fails: what is no URL is a path.
func SplitURL(b []byte) (u URL) {
	b = b[:len(b):len(b)]
	if i := swar.Index(b, 0, '#'); i < len(b) {
		u.Fragment, b = b[i+1:], b[:i:i]
	}
	if i := swar.Index(b, 0, '?'); i < len(b) {
		u.Query, b = b[i+1:], b[:i:i]
	}
	slash := swar.Index(b, 0, '/')
	authority := false
	switch {
	case slash+1 < len(b) && b[slash+1] == '/' && slash == 0:
		b, authority = b[2:], true
	case slash > 1 && slash+1 < len(b) && b[slash+1] == '/' && b[slash-1] == ':' && isScheme(b[:slash-1]):
		u.Scheme, b, authority = b[:slash-1:slash-1], b[slash+2:], true
	case slash > 0:
		authority = isHost(b[:slash], slash == len(b))
	}
	if !authority {
		u.Path = orNil(b)
		return u
	}
	host := b[:swar.Index(b, 0, '/')]
	u.Path = orNil(b[len(host):])
	host = host[:len(host):len(host)]
	if i := bytes.LastIndexByte(host, '@'); i >= 0 {
		u.User, host = host[:i:i], host[i+1:]
	}
	u.Host, u.Port = splitAuthority(host)
	return u
}

func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// splitAuthority splits host and port by RFC 3986, section 3.2, where a dot does not make a port.
func splitAuthority(b []byte) (host, port []byte) {
	if len(b) > 0 && b[0] == '[' {
		if end := swar.Index(b, 0, ']'); end < len(b) {
			if end+2 < len(b) && b[end+1] == ':' {
				port = b[end+2:]
			}
			return b[: end+1 : end+1], port
		}
	}
	if i := bytes.LastIndexByte(b, ':'); i >= 0 {
		return orNil(b[:i:i]), orNil(b[i+1:])
	}
	return orNil(b), nil
}

// isScheme reports whether b is a letter, then letters, digits, '+', '-' and '.' (RFC 3986, section 3.1).
func isScheme(b []byte) bool {
	if len(b) == 0 || (b[0]|0x20)-'a' >= 26 {
		return false
	}
	for _, c := range b[1:] {
		if (c|0x20)-'a' >= 26 && c-'0' > 9 && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// isHost reports whether b, in front of a slash and without scheme, looks like a host: an address, or a name with a
// port or a dot; alone, where it may be the name of a file, with a port.
func isHost(b []byte, alone bool) bool {
	if AddrLen(b) == len(b) {
		return true
	}
	host, port := SplitHostPort(b)
	dot := false
	for _, c := range host {
		switch {
		case c == '.':
			dot = true
		case !isWord(c) && c != '-' && c < 0x80:
			return false
		}
	}
	return len(host) > 0 && host[0] != '.' && (dot && !alone || port != nil)
}

// SplitAccount splits an account into its directory or domain and its name: CORP\li.si, CORP\\li.si as JSON
// and CEF escape it, CORP/li.si, and li.si@corp.example. domain is nil if there is none.
func SplitAccount(b []byte) (domain, name []byte) {
	b = b[:len(b):len(b)]
	if i := swar.Index2(b, 0, '\\', '/'); i < len(b) {
		j := i + 1
		if b[i] == '\\' && j < len(b) && b[j] == '\\' {
			j++
		}
		return orNil(b[:i:i]), b[j:]
	}
	if i := bytes.LastIndexByte(b, '@'); i > 0 {
		return orNil(b[i+1:]), b[:i:i]
	}
	return nil, b
}
