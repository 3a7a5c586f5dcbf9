package message

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape is how a value is made harmless. Whatever it is, control characters, line ends and escapes of terminals become
// blanks, and characters that turn the direction of writing or are not seen at all become U+FFFD.
type Escape int

// The kinds of channels.
const (
	// Plain is for texts without markup: mail, syslog, files.
	Plain Escape = iota
	// Chat is for texts of chats that know mentions but no other markup.
	Chat
	// Mrkdwn is for Slack and what takes its messages, some of which read them as Markdown.
	Mrkdwn
	// HTML is for pages, both between tags and within quoted attributes.
	HTML
	// JSON is for what stands within quotes in JSON.
	JSON
	// Query is for what stands in a form or in the query of a URL.
	Query
)

// hidden is put where two characters must not be read as one mark. It has no width.
const hidden = "\u200b"

var (
	chat = strings.NewReplacer("<@", "<"+hidden+"@", "<!", "<"+hidden+"!", "<at", "<"+hidden+"at", "<AT", "<"+hidden+"AT", "@all", "@"+hidden+"all", "@所有人", "@"+hidden+"所有人")
	// In Slack only these three are special (its manual asks to escape them); in Markdown, a pair of marks or a bracket
	// in front of a parenthesis is.
	mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+hidden, "`", "`"+hidden, "*", "*"+hidden, "~", "~"+hidden,
		"](", "]"+hidden+"(", "![", "!"+hidden+"[", "__", "_"+hidden+"_"+hidden, "://", ":"+hidden+"//")
)

// value makes a value harmless.
func (e Escape) value(s string) string {
	s = Clean(s)
	switch e {
	case Chat:
		return chat.Replace(s)
	case Mrkdwn:
		return mrkdwn.Replace(s)
	case HTML:
		return html.EscapeString(s)
	case JSON:
		b, err := json.Marshal(s)
		if err != nil {
			return ""
		}
		return string(b[1 : len(b)-1])
	case Query:
		return url.QueryEscape(s)
	case Plain:
	}
	return s
}

// link is a link to the alert itself, which is to work, unlike those in values; empty for what is none. It is never cut, as
// it would lead elsewhere.
func (e Escape) link(s string) string {
	if len(s) > maxShort || !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || strings.ContainsAny(s, "<>|\"' ") || Clean(s) != s {
		return ""
	}
	if e == Mrkdwn {
		return strings.ReplaceAll(s, "&", "&amp;")
	}
	return e.value(s)
}

// Clean makes a text one line that shows what it holds.
func Clean(s string) string {
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !odd(r):
			return r
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return utf8.RuneError
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// odd says whether a character changes how others are shown, or is not seen. Joiners are parts of scripts and stay.
func odd(r rune) bool {
	switch {
	case r < ' ', r == 0x7f, r == utf8.RuneError:
		return true
	case r < 0x80, r == '\u200c', r == '\u200d':
		return false
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// Cut shortens s to at most n bytes, the last of which are an ellipsis if something is missing; it parts no character.
func Cut(s string, n int) string {
	const ellipsis = "…"
	if len(s) <= n {
		return s
	}
	n -= len(ellipsis)
	if n <= 0 {
		return ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + ellipsis
}
