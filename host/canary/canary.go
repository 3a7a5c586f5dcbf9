// Package canary makes lines with made-up secrets in them, and finds these wherever they come out again.
//
// Its one idea: every secret is unlike all others, so that one that is found tells which rule of masking missed it, and
// in which form it stood. It is looked for in every spelling in which a program may pass it on.
package canary

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// Line is a line with one secret in it.
type Line struct {
	// Rule is the rule of the masking plugin that has to hide the secret, as its README lists them.
	Rule string
	// Form is how the secret stands in the line: text, json, url, …
	Form string
	// Secret is what must not come out.
	Secret string
	// Text is the line, without a newline. It holds the mark of its run.
	Text string
}

// Lines are lines of all rules that are on by default, each in the forms in which its secrets stand in logs. The mark is
// a word of letters and digits in each of them, by which they are found again. Secrets are random.
func Lines(mark string) (out []Line) {
	for _, k := range kinds {
		forms := k.forms
		if forms == nil {
			forms = inValues
		}
		for _, f := range forms {
			secret := k.make()
			text := strings.NewReplacer("{mark}", mark, "{key}", k.key, "{secret}", secret).Replace(f.text)
			if f.change != nil {
				text = f.change(text, k.key, secret)
			}
			out = append(out, Line{Rule: k.rule, Form: f.name, Secret: secret, Text: text})
		}
	}
	return out
}

// Rules are the rules that Lines has secrets for.
func Rules() (out []string) {
	for _, k := range kinds {
		if !slices.Contains(out, k.rule) {
			out = append(out, k.rule)
		}
	}
	return out
}

// form is a way in which a secret stands in a line. {key} names it, {secret} is the secret.
type form struct {
	name, text string
	change     func(text, key, secret string) string // what the template cannot say
}

// inValues are forms of whatever is the value of a key.
var inValues = []form{
	{name: "text", text: "{mark} canary {key}={secret};result=ok"},
	{name: "json", text: `{"msg":"{mark} canary","{key}":"{secret}","n":1}`},
	{name: "url", text: `192.0.2.7 - - [11/Oct/2026:12:00:00 +0800] "GET /{mark}?user=li&{key}={secret}&x=1 HTTP/1.1" 200 12 "-" "canary" 0.001`},
	{name: "json in json", text: `{"msg":"{mark}","body":"{\"{key}\":\"{secret}\"}"}`},
	{name: "json escapes", text: `{"msg":"{mark} user=li\u0026{key}\u003d{secret}\u0026x\u003d1"}`},
	{name: "escaped letters", text: `{"msg":"{mark}","`, change: func(text, key, secret string) string {
		return text + escaped(key) + `":"` + secret + `"}`
	}},
	{name: "url in url", text: "GET /{mark}?next=%2Fx%3F{key}%3D{secret}%26y%3D1 HTTP/1.1"},
	{name: "percent", text: "GET /{mark}?", change: func(text, key, secret string) string {
		return text + percent(key) + "=" + percent(secret) + "&x=1 HTTP/1.1"
	}},
	{name: "nginx escapes", text: `{mark} body: "{\x22{key}\x22:\x22{secret}\x22}"`},
	{name: "base64", text: "GET /{mark}?data=", change: func(text, key, secret string) string {
		return text + base64.StdEncoding.EncodeToString([]byte("user=li&"+key+"="+secret+"&x=1")) + " HTTP/1.1"
	}},
	{name: "full width", text: "{mark} ", change: func(text, key, secret string) string {
		return text + fullWidth(key+"=") + secret + "　完"
	}},
	{name: "stack trace", text: "{mark} java.lang.IllegalStateException: request failed ({key}={secret})#012\tat com.example.Login.run(Login.java:17)#012\tat java.lang.Thread.run(Thread.java:840)"},
	{name: "firewall", text: "<189>2026-10-11 12:00:25 fw-01%%FW/LOGIN/5/OPERLOG: user=admin;{key}={secret};srcip(source)=192.0.2.9;service=https;action=login;result=success;desc={mark};"},
	{name: "long line", text: "{mark} ", change: func(text, key, secret string) string {
		return text + strings.Repeat("filler text ", 4000) + key + "=" + secret
	}},
}

// asThey are forms of what is known without a key.
var asThey = []form{
	{name: "text", text: "{mark} canary saw {secret} in a text"},
	{name: "json", text: `{"msg":"{mark} canary","value":"{secret}"}`},
	{name: "url", text: `192.0.2.7 - - [11/Oct/2026:12:00:00 +0800] "GET /{mark}?user=li&v={secret}&x=1 HTTP/1.1" 200 12 "-" "canary" 0.001`},
	{name: "firewall", text: "<189>2026-10-11 12:00:25 fw-01%%FW/LOGIN/5/OPERLOG: user=admin;note={secret};srcip(source)=192.0.2.9;service=https;action=login;result=success;desc={mark};"},
	{name: "base64", text: "GET /{mark}?data=", change: func(text, _, secret string) string {
		return text + base64.StdEncoding.EncodeToString([]byte("value is "+secret+" here")) + " HTTP/1.1"
	}},
}

// kinds are the rules, and how secrets of each are made.
var kinds = []struct {
	rule, key string
	make      func() string
	forms     []form
}{
	{"password", "password", func() string { return "Cn" + letters(12) + "7" }, nil},
	{"password", "新密码", func() string { return "Cn" + letters(12) + "7" }, []form{
		{name: "chinese", text: "{mark} 用户=张三，{key}={secret}，结果=成功"},
		{name: "chinese escaped", text: `{"msg":"{mark} `, change: func(text, key, secret string) string {
			return text + escaped(key) + `\uff1a` + secret + `\u3002"}`
		}},
		{name: "sql", text: "{mark} ALTER USER 'app'@'%' IDENTIFIED BY '{secret}'"},
		{name: "device", text: "{mark} local-user ops password cipher {secret}"},
		{name: "xml", text: "<m>{mark}</m><password>{secret}</password>"},
	}},
	{"token", "access_token", func() string { return letters(32) }, nil},
	{"authorization", "Authorization", func() string { return letters(40) }, []form{
		{name: "text", text: "{mark} Authorization: Bearer {secret}"},
		{name: "json", text: `{"msg":"{mark}","headers":{"authorization":"Bearer {secret}"}}`},
		{name: "alone", text: "{mark} sent Bearer {secret} on"},
	}},
	{"userinfo", "", func() string { return "Cn" + letters(12) + "7" }, []form{
		{name: "text", text: "{mark} git clone https://ci:{secret}@git.example/x.git"},
		{name: "json", text: `{"msg":"{mark}","url":"https:\/\/ci:{secret}@git.example\/x"}`},
		{name: "url in url", text: "GET /{mark}?next=https%3A%2F%2Fci%3A{secret}%40git.example%2Fx HTTP/1.1"},
	}},
	{"private-key", "", func() string { return letters(64) }, []form{
		{name: "text", text: "{mark} -----BEGIN RSA PRIVATE KEY----- {secret} -----END RSA PRIVATE KEY-----"},
		{name: "json", text: `{"msg":"{mark}","key":"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"}`},
		{name: "cut off", text: "{mark} -----BEGIN EC PRIVATE KEY-----#012{secret}"},
	}},
	{"jwt", "", func() string {
		return "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"`+letters(20)+`"}`)) + "." + letters(43)
	}, asThey},
	{"cloud-key", "", func() string { return "AKIA" + strings.ToUpper(letters(16)) }, asThey},
	{"cloud-key", "", func() string { return "LTAI5t" + letters(18) }, asThey},
	{"cloud-key", "", func() string { return "ghp_" + letters(36) }, asThey},
	{"id-card", "", identity, asThey},
	{"bank-card", "", card, asThey},
	{"account", "account", func() string { return "7" + digits(15) }, nil},
}

// random is a text of characters of an alphabet.
func random(alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // the system has no randomness
		}
		out[i] = alphabet[k.Int64()]
	}
	return string(out)
}

// letters has no digits, so that no number is found in it by chance.
func letters(n int) string {
	return random("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", n)
}
func digits(n int) string { return random("0123456789", n) }

// identity is an ID-card number of a county that does not exist, with a right check digit (GB 11643).
func identity() string {
	d := "110199" + fmt.Sprintf("19%s0%s1%s", random("56789", 1)+random("0123456789", 1), random("123456789", 1), random("0123456789", 1)) + digits(3)
	sum := 0
	for i, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(d[i]-'0')
	}
	return d + string("10X98765432"[sum%11])
}

// card is a number of 16 digits of a bank that does not exist, with a right check digit (ISO/IEC 7812-1).
func card() string {
	d := "620000" + digits(9)
	sum := 0
	for i := range d {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return d + fmt.Sprint((10-sum%10)%10)
}

func escaped(s string) (out string) {
	for _, r := range s {
		out += fmt.Sprintf(`\u%04x`, r)
	}
	return out
}

func percent(s string) (out string) {
	for _, b := range []byte(s) {
		out += fmt.Sprintf("%%%02X", b)
	}
	return out
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r + 0xff01 - '!'
		}
		return r
	}, s)
}

// Leak is a secret that came out.
type Leak struct {
	Line     *Line
	Spelling string // how it stood there: plain, base64, …
}

// Finder looks for the secrets of lines. Safe for concurrent use.
type Finder struct {
	needles []needle
	by      map[uint64][]int32 // needles by their last eight bytes
	maybe   [1 << 14]uint64    // of the hashes of these
}

type needle struct {
	line     *Line
	spelling string
	text     string
}

// NewFinder returns a finder for the secrets of lines, which it refers to.
func NewFinder(lines []Line) *Finder {
	f := &Finder{by: map[uint64][]int32{}}
	for i := range lines {
		l := &lines[i]
		f.add(l, "plain", l.Secret)
		if q := url.QueryEscape(l.Secret); q != l.Secret {
			f.add(l, "percent", q)
		}
		f.add(l, "percent", percent(l.Secret))
		f.add(l, "json escapes", escaped(l.Secret))
		f.add(l, "full width", fullWidth(l.Secret))
		f.add(l, "hex", hex.EncodeToString([]byte(l.Secret)))
		f.add(l, "hex", strings.ToUpper(hex.EncodeToString([]byte(l.Secret))))
		for skip := range 3 {
			f.add(l, "base64", inBase64(l.Secret, skip))
		}
	}
	return f
}

// tail is how many bytes at the end of a needle are looked up; secrets are longer.
const tail = 8

func (f *Finder) add(l *Line, spelling, text string) {
	end := binary.LittleEndian.Uint64([]byte(text[len(text)-tail:]))
	f.by[end] = append(f.by[end], int32(len(f.needles)))
	f.needles = append(f.needles, needle{l, spelling, text})
	h := hash(end)
	f.maybe[h>>6] |= 1 << (h & 63)
}

// hash is 20 bits of v.
func hash(v uint64) uint64 { return v * 0x9E3779B97F4A7C15 >> 44 }

// inBase64 is what base64 makes of a text, wherever in a longer one it stands: with skip bytes before it, and without
// the characters that depend on what is around it. Secrets have no characters that base64 has two alphabets for.
func inBase64(text string, skip int) string {
	enc := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + text))
	from := (8*skip + 5) / 6
	to := 8 * (skip + len(text)) / 6
	return enc[from:to]
}

// Find is every secret that text shows, once for each of its spellings.
func (f *Finder) Find(text []byte) (out []Leak) {
	seen := map[int32]bool{}
	for i := tail; i <= len(text); i++ {
		end := binary.LittleEndian.Uint64(text[i-tail:])
		if h := hash(end); f.maybe[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, k := range f.by[end] {
			if n := &f.needles[k]; !seen[k] && len(n.text) <= i && string(text[i-len(n.text):i]) == n.text {
				seen[k] = true
				out = append(out, Leak{n.line, n.spelling})
			}
		}
	}
	return out
}
