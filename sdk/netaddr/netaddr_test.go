package netaddr

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseAddr(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		a, ok := ParseAddr([]byte(in))
		if !ok {
			assert.Empty(t, want, in)
			return
		}
		assert.Equal(t, want, a.String(), in)
	}
	f("10.1.2.3", "10.1.2.3")
	f("255.255.255.255", "255.255.255.255")
	f("0.0.0.0", "0.0.0.0")
	f("[10.1.2.3]", "10.1.2.3")
	f("2001:DB8::1", "2001:db8::1")
	f("[2001:db8::1]", "2001:db8::1")
	f("::", "::")
	f("::1", "::1")
	f("1::", "1::")
	f("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8")
	f("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")
	f("::ffff:10.1.2.3", "::ffff:10.1.2.3")
	f("1:2:3:4:5:6:10.1.2.3", "1:2:3:4:5:6:a01:203")
	f("fe80::1%eth0", "fe80::1")
	for _, bad := range []string{
		"", "10.1.2", "10.1.2.3.4", "10.1.2.256", "10.1.2.03", "10.1.2.3 ", "1.2.3.", ".1.2.3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
		"12345::", ":1", "1:", "1:2:3:4:5:6:7:10.1.2.3", "::1%", "[::1", "08:56:23", "00:00:5e:00:53:23", "fe80::1%", "1:2:3:4:5:6:7:8::", ":::",
	} {
		f(bad, "")
	}
}

func TestAddrLen(t *testing.T) {
	for in, want := range map[string]int{
		"10.1.2.3": 8, "10.1.2.3:80": 8, "10.1.2.3/24": 8, "10.1.2.3.": 8, "10.1.2.3, x": 8, "10.1.2.3.4": 0, "10.1.2.3x": 0, "10.1.2.3_": 0,
		"2001:db8::1 x": 11, "2001:db8::1.": 11, "2001:db8::1: x": 11, "::1%eth0": 3, "::": 2, "fe80::g": 0, "x": 0, "": 0, "1.2": 0, "10.1.2.1234": 0,
		"1:2:3:4:5:6:7:8:": 15, "1:2:3:4:5:6:7:8:9": 15,
	} {
		assert.Equal(t, want, AddrLen([]byte(in)), in)
	}
}

func TestFindAddr(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var got []string
		for i := 0; ; {
			start, end := FindAddr([]byte(in), i)
			if start < 0 {
				break
			}
			got = append(got, in[start:end])
			i = end
		}
		assert.Equal(t, want, strings.Join(got, " "), in)
	}
	f("from 10.1.2.3 to 192.0.2.8:443.", "10.1.2.3 192.0.2.8")
	f("outside:10.1.2.3/51514 (fe80::1) src=2001:db8::1,dst=[::1]:80", "10.1.2.3 fe80::1 2001:db8::1 ::1")
	f("at 08:56:23 version 1.2.3.4.5 mac 00:00:5e:00:53:23 std::face x1.2.3.4 facade", "")
	f("来自10.1.2.3的登录", "10.1.2.3")
	f("", "")
	f(":::: face:b00k:: a.b", "")
}

func TestParsePrefix(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3/8": "10.1.2.3/8", "10.0.0.0/255.0.0.0": "10.0.0.0/8", "10.0.0.0 255.255.254.0": "10.0.0.0/23", "10.1.2.3": "10.1.2.3/32",
		"2001:db8::/32": "2001:db8::/32", "::1": "::1/128", "0.0.0.0/0": "0.0.0.0/0", "0.0.0.0/0.0.0.0": "0.0.0.0/0",
		"10.1.2.3/33": "", "10.1.2.3/": "", "10.1.2.3/08": "", "x/8": "", "10.0.0.0/255.0.255.0": "", "::1/129": "", "10.1.2.3 8": "", "::1/255.0.0.0": "",
	} {
		p, ok := ParsePrefix([]byte(in))
		if want == "" {
			assert.False(t, ok, in)
			continue
		}
		assert.Equal(t, want, p.String(), in)
	}
}

func TestSplitHostPort(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3:443": "10.1.2.3 443", "[2001:db8::1]:443": "2001:db8::1 443", "shop.example:443": "shop.example 443", "10.1.2.3(443)": "10.1.2.3 443",
		"10.1.2.3/443": "10.1.2.3 443", "10.1.2.3.443": "10.1.2.3 443", "10.1.2.3#53": "10.1.2.3 53", "web(1)": "web 1", "[::1]": "::1 ",
		"10.1.2.3": "10.1.2.3 ", "2001:db8::1": "2001:db8::1 ", "::1": "::1 ", "shop.example": "shop.example ", "a.b/80": "a.b/80 ", "x:99999": "x:99999 ",
		"x:": "x: ", ":80": ":80 ", "[::1": "[::1 ", "[::1]x": "[::1]x ", "[::1]:x": "[::1]:x ", "": " ", "10.1.2.3:80)": "10.1.2.3:80) ",
		"10.1.2.3(80": "10.1.2.3(80 ", "2001:db8::1.443": "2001:db8::1 443", "x:0443": "x:0443 ",
	} {
		host, port := SplitHostPort([]byte(in))
		assert.Equal(t, want, string(host)+" "+string(port), in)
	}
}

func TestMAC(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, ok := AppendMAC(nil, []byte(in))
		assert.Equal(t, want != "", ok, in)
		assert.Equal(t, want, string(got), in)
	}
	for _, in := range []string{
		"00:00:5e:00:53:23", "00-00-5E-00-53-23", "0000.5e00.5323", "0000-5e00-5323", "0000:5e00:5323", "00005e-005323", "0:0:5e:0:53:23",
		"00:0:5E:00:53:23", "00 00 5e 00 53 23", "00005e005323", "00.00.5e.00.53.23",
	} {
		f(in, "00-00-5E-00-53-23")
	}
	f("02:00:5e:ff:fe:00:53:23", "02-00-5E-FF-FE-00-53-23")
	f("0200.5eff.fe00.5323", "02-00-5E-FF-FE-00-53-23")
	f("02005efffe005323", "02-00-5E-FF-FE-00-53-23")
	for _, bad := range []string{
		"", "00:00:5e:00:53", "00:00:5e:00:53:23:11", "00:00:5e:00:53:2g", "00-00:5e-00-53-23", "0000.5e00", "0000.5e00.532", "00005e00532",
		"00005e0053231", "000-05e-005-323", "10.1.2.3", "2001:db8::1", "08:56:23", "0-0-5e-0-53-23", "x", "00:00:5e:00:53:23 ",
		"1:2:3:4:5:6:7:8:9",
	} {
		f(bad, "")
	}
	for in, want := range map[string]int{
		"00:00:5e:00:53:23 x": 17, "00:00:5e:00:53:23, x": 17, "0000.5e00.5323.": 14, "00 00 5e 00 53 23 is": 17, "00 00 5e 00 53 23 f0 00 x": 17,
		"00:00:5e:00:53:23:x": 0, "00:00:5e:00:53:23x": 0, "00005e005323_": 0, "00:00:5e:00:53:23:": 17,
	} {
		assert.Equal(t, want, MACLen([]byte(in)), in)
	}
}

func showURL(u URL) string {
	return fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s", u.Scheme, u.User, u.Host, u.Port, u.Path, u.Query, u.Fragment)
}

func TestSplitURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://li:pw@shop.example:8443/a/b?id=1&x=/#top?": "https|li:pw|shop.example|8443|/a/b|id=1&x=/|top?",
		"http://10.1.2.3":               "http||10.1.2.3||||",
		"http://[2001:db8::1]:80/x":     "http||[2001:db8::1]|80|/x||",
		"http://[2001:db8::1]/x":        "http||[2001:db8::1]||/x||",
		"//shop.example/x":              "||shop.example||/x||",
		"/item?id=1":                    "||||/item|id=1|",
		"/":                             "||||/||",
		"":                              "||||||",
		"?a=b":                          "|||||a=b|",
		"shop.example/x?y":              "||shop.example||/x|y|",
		"shop.example:443":              "||shop.example|443|||",
		"page.html":                     "||||page.html||",
		"10.1.2.3":                      "||10.1.2.3||||",
		"localhost:8080/x":              "||localhost|8080|/x||",
		"images/x.png":                  "||||images/x.png||",
		"./x":                           "||||./x||",
		"ldap+ssl://dir.example/cn=a?b": "ldap+ssl||dir.example||/cn=a|b|",
		"file:///etc/passwd":            "file||||/etc/passwd||",
		"http://a@b@host/":              "http|a@b|host||/||",
		"://x/":                         "||||://x/||",
		"1http://x/":                    "||||1http://x/||",
		"/redirect?to=http://x/":        "||||/redirect|to=http://x/|",
		"商店.example/物品":                 "||商店.example||/物品||",
		"http://shop.example:/x":        "http||shop.example||/x||",
		"10.1.2.3/x":                    "||10.1.2.3||/x||",
		"http://[::1":                   "http||[:|1|||",
	} {
		assert.Equal(t, want, showURL(SplitURL([]byte(in))), in)
	}
}

func TestSplitAccount(t *testing.T) {
	for in, want := range map[string]string{
		`CORP\li.si`: "CORP|li.si", `CORP\\li.si`: "CORP|li.si", "li.si@corp.example": "corp.example|li.si", "CORP/li.si": "CORP|li.si", "li.si": "|li.si",
		`.\admin`: ".|admin", `\x`: "|x", "@x": "|@x", "": "|", `a\b@c`: "a|b@c", `CORP\`: "CORP|", "a@b@c": "c|a@b",
	} {
		domain, name := SplitAccount([]byte(in))
		assert.Equal(t, want, string(domain)+"|"+string(name), in)
	}
}

func TestPort(t *testing.T) {
	for in, want := range map[string]int{"0": 0, "443": 443, "65535": 65535, "65536": -1, "": -1, "x": -1, "-1": -1, "080": -1, "123456": -1} {
		n, ok := Port([]byte(in))
		if !ok {
			n = -1
		}
		assert.Equal(t, want, n, in)
	}
}

func FuzzLikeNetip(f *testing.F) {
	for _, s := range []string{"10.1.2.3", "1:2:3:4:5:6:7:8", "::ffff:10.1.2.3", "1::", "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7::", "10.1.2.3/8", "::1/64"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		if !strings.ContainsAny(s, "%[]") {
			want, err := netip.ParseAddr(s)
			got, ok := ParseAddr(b)
			if ok != (err == nil) || ok && got != want {
				t.Fatalf("%q: got %v %v, want %v %v", s, got, ok, want, err)
			}
			wantP, err := netip.ParsePrefix(s)
			if gotP, ok := ParsePrefix(b); err == nil && (!ok || gotP != wantP) {
				t.Fatalf("%q: got %v %v, want %v", s, gotP, ok, wantP)
			}
			if ok && !strings.HasPrefix(s, "::") && AddrLen(b) != len(b) {
				t.Fatalf("%q: length %d", s, AddrLen(b))
			}
		}
		for i, last := 0, 0; ; {
			start, end := FindAddr(b, i)
			if start < 0 {
				break
			}
			if start < last || end > len(b) || end <= start {
				t.Fatalf("%q: %d:%d", s, start, end)
			}
			if _, err := netip.ParseAddr(s[start:end]); err != nil {
				t.Fatalf("%q is no address: %v", s[start:end], err)
			}
			i, last = end, end
		}
	})
}

func FuzzMAC(f *testing.F) {
	for _, s := range []string{"00:00:5e:00:53:23", "0000.5e00.5323", "0:0:5e:0:53:23", "02005efffe005323", "00 00 5e 00 53 23 f0 00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := MACLen([]byte(s))
		if v, ok := mac6([]byte(s)); ok {
			if w, size, m := macAny([]byte(s)); v != w || size != 6 || m != 17 {
				t.Fatalf("%q: %x, and %x of %d bytes", s, v, w, m)
			}
		}
		if v, ok := mac3([]byte(s)); ok {
			if w, size, m := macAny([]byte(s)); v != w || size != 6 || m != 14 {
				t.Fatalf("%q: %x, and %x of %d bytes", s, v, w, m)
			}
		}
		if n < 0 || n > len(s) {
			t.Fatalf("length %d of %q", n, s)
		}
		got, ok := AppendMAC([]byte("x"), []byte(s))
		if ok != (n > 0 && n == len(s)) {
			t.Fatalf("%q: %v, length %d", s, ok, n)
		}
		if want, err := net.ParseMAC(s); err == nil && len(want) <= 8 {
			if w := strings.ToUpper(strings.ReplaceAll(want.String(), ":", "-")); !ok || string(got[1:]) != w {
				t.Fatalf("%q: %s, want %s", s, got, w)
			}
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://li:pw@shop.example:8443/a?b#c", "//h/p", "/p?q", "http://[::1]:80/", "a.b/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		u := SplitURL(b)
		for _, part := range [][]byte{u.Scheme, u.User, u.Host, u.Port, u.Path, u.Query, u.Fragment} {
			if !bytes.Contains(b, part) || cap(part) != len(part) && len(part) > 0 {
				t.Fatalf("%q is not a part of %q", part, s)
			}
		}
		want, err := url.Parse(s)
		if err != nil || want.Host == "" || want.Scheme == "" || strings.ContainsAny(s, "%") || want.Opaque != "" || strings.ContainsAny(want.Host, "[]") {
			return
		}
		if got := string(u.Host) + "|" + string(u.Path) + "|" + string(u.Query); got != want.Hostname()+"|"+want.Path+"|"+want.RawQuery {
			t.Fatalf("%q: got %s, want %s|%s|%s", s, got, want.Hostname(), want.Path, want.RawQuery)
		}
		host, port := SplitHostPort(b)
		if !bytes.Contains(b, host) || !bytes.Contains(b, port) {
			t.Fatalf("%q: %q %q", s, host, port)
		}
		domain, name := SplitAccount(b)
		require.True(t, bytes.Contains(b, domain) && bytes.Contains(b, name))
	})
}

func TestHostile(*testing.T) {
	for _, piece := range []string{":", "1", "1.", "1:", "f", "::", "1.2.3.4.", "a:", ".", "[", "/", "@", `\`, "0 ", "-0"} {
		b := bytes.Repeat([]byte(piece), 1<<20/len(piece))
		for i := 0; ; {
			start, end := FindAddr(b, i)
			if start < 0 {
				break
			}
			i = end
		}
		MACLen(b)
		SplitURL(b)
		SplitHostPort(b)
		SplitAccount(b)
		ParsePrefix(b)
	}
}

func TestNoAllocation(t *testing.T) {
	v4, v6, mac := []byte("10.1.2.3:443"), []byte("[2001:db8::1]:443"), []byte("0000.5e00.5323")
	u, text := []byte("https://li@shop.example:8443/a/b?id=1#top"), []byte("from 10.1.2.3 to ::1")
	buf := make([]byte, 0, 32)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{v4, v6} {
			host, _ := SplitHostPort(b)
			if _, ok := ParseAddr(host); !ok {
				t.Error("not read")
			}
		}
		buf, _ = AppendMAC(buf[:0], mac)
		SplitURL(u)
		FindAddr(text, 0)
		ParsePrefix(text)
		SplitAccount(u)
	}))
}

var addrs = []string{"10.1.2.3", "192.0.2.8", "203.0.113.255", "2001:db8::1", "2001:db8:85a3:8d3:1319:8a2e:370:7348", "::ffff:10.1.2.3"}

func each(b *testing.B, texts []string, f func([]byte)) {
	size, data := 0, make([][]byte, len(texts))
	for i, s := range texts {
		data[i] = []byte(s)
		size += len(s)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range data {
			f(d)
		}
	}
}

func BenchmarkParseAddr(b *testing.B) { each(b, addrs, func(d []byte) { ParseAddr(d) }) }
func BenchmarkAddrLen(b *testing.B)   { each(b, addrs, func(d []byte) { AddrLen(d) }) }

// What net/netip takes for the same.
func BenchmarkNetip(b *testing.B) {
	each(b, addrs, func(d []byte) { _, _ = netip.ParseAddr(string(d)) })
}

func BenchmarkFindAddr(b *testing.B) {
	each(b, []string{"Failed password for invalid user li.si from 10.1.2.3 port 51514 ssh2, session of 2001:db8::1 closed"}, func(d []byte) {
		for i := 0; i >= 0; {
			_, i = FindAddr(d, i)
		}
	})
}

func BenchmarkAppendMAC(b *testing.B) {
	buf := make([]byte, 0, 32)
	each(b, []string{"00:00:5e:00:53:23", "0000.5e00.5323", "0000-5e00-5323"}, func(d []byte) { buf, _ = AppendMAC(buf[:0], d) })
}

func BenchmarkSplitURL(b *testing.B) {
	each(b, []string{"https://li@shop.example:8443/a/b?id=1&lang=zh#top", "/shop/item.aspx?id=42", "http://[2001:db8::1]/x"}, func(d []byte) { SplitURL(d) })
}

func BenchmarkSplitHostPort(b *testing.B) {
	each(b, []string{"10.1.2.3:443", "[2001:db8::1]:443", "10.1.2.3(443)"}, func(d []byte) { SplitHostPort(d) })
}
