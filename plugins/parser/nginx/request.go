package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// request reads METHOD URL HTTP/VERSION. What is none of HTTP, such as a TLS handshake on a plain port, is
// set as it is.
func request(b []byte, ev *sdk.Event) {
	if len(b) == 0 || string(b) == "-" {
		return
	}
	method, rest := word(b)
	if !isMethod(method) || len(rest) == 0 {
		ev.Set(badRequest, b)
		return
	}
	ev.Set(ecs.HTTPRequestMethod, method)
	url := rest
	// The URL may hold blanks, as broken clients send them; the version is behind the last one.
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 && bytes.HasPrefix(rest[i+1:], []byte("HTTP/")) {
		ev.Set(ecs.HTTPVersion, rest[i+1+len("HTTP/"):])
		url = rest[:i]
	}
	location(url, ev)
}

func isMethod(b []byte) bool {
	if len(b) < 2 || len(b) > 20 {
		return false
	}
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// location sets a URL and its parts.
func location(v []byte, ev *sdk.Event) {
	ev.Set(ecs.URLOriginal, v)
	rest := v
	if len(v) > 1 && v[0] != '/' {
		// Proxies are asked for http://host/path, CONNECT for host:port; OPTIONS may ask for *.
		i := bytes.Index(v, []byte("://"))
		if i < 0 {
			ev.Set(ecs.URLDomain, host(v))
			return
		}
		rest = v[i+3:]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		ev.Set(ecs.URLDomain, host(rest[:end]))
		rest = rest[end:]
	}
	if i := bytes.IndexByte(rest, '?'); i >= 0 {
		ev.Set(ecs.URLQuery, rest[i+1:])
		rest = rest[:i]
	}
	ev.Set(ecs.URLPath, rest)
}

// host is the name without user and port.
func host(b []byte) []byte {
	if i := bytes.LastIndexByte(b, '@'); i >= 0 {
		b = b[i+1:]
	}
	if i := bytes.LastIndexByte(b, ':'); i >= 0 && bytes.IndexByte(b[i:], ']') < 0 {
		b = b[:i]
	}
	return b
}
