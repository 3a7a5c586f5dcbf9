package main

import "bytes"

// prefix is a kind of key that is known by how it begins and how long it is.
type prefix struct {
	rule   ruleID
	rare   string // what Prefilter looks for
	begins string // exactly; the rare part is in it
	chars  func(c byte) bool
	least  int // characters behind the beginning
	most   int
	at     int // where in the beginning the rare part is
}

func upperOrDigit(c byte) bool { return digit(c) || c >= 'A' && c <= 'Z' }
func alnum(c byte) bool        { return digit(c) || letter(c) }
func urlSafe(c byte) bool      { return alnum(c) || c == '-' || c == '_' }
func dotted(c byte) bool       { return urlSafe(c) || c == '.' }
func serial(c byte) bool       { return digit(c) || c == '-' }

// prefixes are as the providers document them, or as their secret scanners look for them.
var prefixes = []prefix{
	{ruleCloudKey, "akia", "AKIA", upperOrDigit, 16, 16, 0}, // AWS: IAM identifiers
	{ruleCloudKey, "asia", "ASIA", upperOrDigit, 16, 16, 0}, // the same of temporary credentials
	{ruleCloudKey, "ltai", "LTAI", alnum, 12, 26, 0},        // Alibaba Cloud RAM
	{ruleCloudKey, "akid", "AKID", alnum, 13, 44, 0},        // Tencent Cloud CAM
	{ruleCloudKey, "ghp_", "ghp_", alnum, 36, 251, 0},       // GitHub: personal, and the kinds below
	{ruleCloudKey, "gho_", "gho_", alnum, 36, 251, 0},
	{ruleCloudKey, "ghu_", "ghu_", alnum, 36, 251, 0},
	{ruleCloudKey, "ghs_", "ghs_", alnum, 36, 251, 0},
	{ruleCloudKey, "ghr_", "ghr_", alnum, 36, 251, 0},
	{ruleCloudKey, "github_pat_", "github_pat_", urlSafe, 22, 244, 0},
	{ruleCloudKey, "glpat-", "glpat-", urlSafe, 20, 100, 0},
	{ruleCloudKey, "xox", "xoxb-", urlSafe, 10, 250, 0}, // Slack: bots, and the kinds below
	{ruleCloudKey, "xox", "xoxp-", urlSafe, 10, 250, 0},
	{ruleCloudKey, "xox", "xoxa-", urlSafe, 10, 250, 0},
	{ruleCloudKey, "xox", "xoxe", dotted, 10, 250, 0},
	{ruleCloudKey, "xox", "xoxr-", urlSafe, 10, 250, 0},
	{ruleCloudKey, "xox", "xoxs-", urlSafe, 10, 250, 0},
	{ruleCloudKey, "aiza", "AIza", urlSafe, 35, 35, 0}, // Google APIs
	{ruleCloudKey, "ya29.", "ya29.", dotted, 20, 2048, 0},
	{ruleCloudKey, "k_live_", "sk_live_", alnum, 16, 247, 1}, // Stripe
	{ruleCloudKey, "k_live_", "rk_live_", alnum, 16, 247, 1},
	{ruleCloudKey, "npm_", "npm_", alnum, 36, 36, 0},
	{ruleCloudKey, "sg.", "SG.", dotted, 60, 80, 0}, // SendGrid
	{ruleVulnerability, "cve-", "CVE-", serial, 8, 16, 0},
	{ruleVulnerability, "cnvd-", "CNVD-", serial, 9, 16, 0},
	{ruleVulnerability, "cnnvd-", "CNNVD-", serial, 9, 16, 0},
}

// find hides the key whose rare part is at at, and says where to go on.
func (x *prefix) find(p *pass, at int) (next int) {
	text := p.text
	start := at - x.at
	if start < 0 || !has(text[start:], x.begins) || start > 0 && urlSafe(text[start-1]) && !escaped(text, start) {
		return 0
	}
	end := start + len(x.begins)
	for end < len(text) && x.chars(text[end]) {
		end++
	}
	for text[end-1] == '.' || text[end-1] == '-' { // of the sentence around it
		end--
	}
	if n := end - start - len(x.begins); n < x.least || n > x.most || end < len(text) && alnum(text[end]) {
		return 0
	}
	p.hide(x.rule, start, end)
	return end
}

// escaped says whether what ends right before start is an escape and no letter: %3D, \n.
func escaped(text []byte, start int) bool {
	return hexEscape(text, start) && hexDigit(text[start-1]) && hexDigit(text[start-2]) || start > 1 && text[start-2] == '\\' && letter(text[start-1])
}

func hexDigit(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// spelled is what has a form of its own, known by one of a few texts in it.
var spelled = []struct {
	rule  ruleID
	texts []string
	find  func(p *pass, at int) (next int)
}{
	{rulePrivateKey, []string{"private key", "private+key", "private%20key"}, (*pass).privateKey},
	{ruleJWT, []string{"eyj"}, (*pass).jwt},
	{ruleUserinfo, []string{"%3a%2f%2f"}, (*pass).encodedUserinfo},
}

// mostKey bounds the body of a key: RSA of 16,384 bits has 13 KB, and escapes for its line ends.
const mostKey = 16 << 10

// maxLabel bounds what stands around PRIVATE KEY between the dashes (RFC 7468): OPENSSH, ENCRYPTED, PGP … BLOCK.
const maxLabel = 40

// privateKey hides the body of a private key, whose header has its PRIVATE KEY at at.
func (p *pass) privateKey(at int) (next int) {
	text := p.text
	begin := bytes.LastIndex(text[max(0, at-maxLabel):at], []byte("-----BEGIN"))
	if begin < 0 {
		return 0
	}
	start := bytes.Index(text[at:min(len(text), at+maxLabel)], []byte("-----"))
	if start < 0 {
		return 0
	}
	start += at + len("-----")
	if end := bytes.Index(text[start:min(len(text), start+mostKey)], []byte("-----END")); end >= 0 {
		if end > 0 && !excludedMark(text[start:start+end]) {
			p.hide(rulePrivateKey, start, start+end)
		}
		return start + end
	}
	// The end was cut off with the line: all behind the header is the key, if anything is.
	run := 0
	for _, c := range text[start:min(len(text), start+200)] {
		if run++; !alnum(c) && c != '+' && c != '/' {
			run = 0
		}
		if run >= 32 {
			p.hide(rulePrivateKey, start, len(text))
			return len(text)
		}
	}
	return start
}

// jwt hides a JSON Web Token, signed (RFC 7519) or encrypted (RFC 7516): its first part is a JSON object in base64.
func (p *pass) jwt(at int) (next int) {
	text := p.text
	if !has(text[at:], "eyJ") || at > 0 && urlSafe(text[at-1]) && !escaped(text, at) {
		return 0
	}
	end, parts := at, 0
	for i := at; ; {
		start := i
		for i < len(text) && urlSafe(text[i]) {
			i++
		}
		if parts < 2 && i-start < 8 {
			break
		}
		parts++
		end = i
		if i == len(text) || text[i] != '.' {
			break
		}
		i++
	}
	if parts < 3 {
		return 0
	}
	p.hide(ruleJWT, at, end)
	return end
}

// encodedUserinfo hides the password of a URL that is the value of a parameter: https%3A%2F%2Fuser%3Apassword%40host,
// whose :// is at at.
func (p *pass) encodedUserinfo(at int) (next int) {
	text := p.text
	start := at + len("%3a%2f%2f")
	colon := -1
	for i := start; i < min(len(text), start+maxUserinfo); i++ {
		switch c := text[i]; {
		case c <= ' ', c == '&', c == '"', has(text[i:], "%2F"), has(text[i:], "%2f"), has(text[i:], "%3F"), has(text[i:], "%3f"):
			return 0
		case colon < 0 && (has(text[i:], "%3A") || has(text[i:], "%3a")):
			colon = i + 3
		case has(text[i:], "%40"):
			if colon < 0 || colon == i {
				return 0
			}
			p.hide(ruleUserinfo, colon, i)
			return i
		}
	}
	return 0
}
