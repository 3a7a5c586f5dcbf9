package query_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

func TestParse(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		n, err := query.Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, dump(n), text)
		again, err := query.Parse(query.Format(n))
		require.NoError(t, err, "%s printed as %s", text, query.Format(n))
		assert.Equal(t, want, dump(again), "%s printed as %s", text, query.Format(n))
	}

	// all, terms, phrases
	f("", "all")
	f(" \t\n　", "all")
	f("*", "all")
	f("**", "all")
	f("*:*", "all")
	f("fail", "=fail")
	f("登录失败", "=登录失败")
	f(`"login failed"`, `="login failed"`)
	f(`"say \"hi\" \\ C:\Windows"`, `="say \"hi\" \\ C:\\Windows"`)
	f(`""`, `=""`)
	f(`user:""`, `user=""`)
	f("TO", "=TO")
	f("ANDY ORACLE NOTE", "(and =ANDY =ORACLE =NOTE)")
	f("and", "=and")
	f("a=1&b=2", "=a=1&b=2")
	f("a|b", "=a|b")
	f("hello!", "=hello!")
	f("it's", "=it's")
	f("app_name", "=app_name")
	f("a-b", "=a-b")
	f("c++", "=c++")

	// fields and what looks like one
	f("log.level:Error", "log.level=Error")
	f("log.level: Error", "log.level=Error")
	f("@timestamp:2026-10-11T12:00:00Z", "@timestamp=2026-10-11T12:00:00Z")
	f("event.id:abc-0-12-3", "event.id=abc-0-12-3")
	f("source.ip:10.0.0.1", "source.ip=10.0.0.1")
	f("source.ip:2001:db8::1", "source.ip=2001:db8::1")
	f("source.ip:::1", "source.ip=::1")
	f("fe80::1", "=fe80::1")
	f("2001:db8::/32", "=2001:db8::/32")
	f("aa:bb:cc:dd:ee:ff", "=aa:bb:cc:dd:ee:ff")
	f("12:00:05", "=12:00:05")
	f("http://example.com/a:b", "=http://example.com/a:b")
	f("用户:张三", "=用户:张三")
	f("user.name:张三", "user.name=张三")
	f(`user.name:"张 三"`, `user.name="张 三"`)
	f("user.email:li@bank.example", "user.email=li@bank.example")
	f("temperature:-5", "temperature=-5")
	f("file.path:/etc/", "file.path~/etc/")
	f(`file.path:"/etc/passwd"`, `file.path="/etc/passwd"`)
	f("file.path:etc/passwd", "file.path=etc/passwd")
	f("source.ip:10.0.0.0/8", "source.ip@10.0.0.0/8")
	f("source.ip:10.1.2.3/8", "source.ip@10.0.0.0/8")
	f("source.ip:2001:db8::/32", "source.ip@2001:db8::/32")
	f("source.ip:::ffff:10.0.0.0/104", "source.ip@10.0.0.0/8")
	f(`source.ip:"10.0.0.0/8"`, `source.ip="10.0.0.0/8"`)
	f(`source.ip:10.0.0.0\/8`, "source.ip=10.0.0.0/8")
	f("10.0.0.0/8", "=10.0.0.0/8")

	// wildcards, regex, exists
	f("fail*", "^=fail")
	f("user:fail*", "user^=fail")
	f(`user:a\*b*`, "user^=a*b")
	f("te?t", "~te?t")
	f("*fail*", "~*fail*")
	f(`a\?b?c\-d`, `~a\?b?c-d`)
	f(`C\:\\*x`, `~C:\\*x`)
	f("10.0.*", "^=10.0.")
	f("user:*", "?user")
	f("user:**", "?user")
	f("user:[* TO *]", "?user")
	f("_exists_:source.ip", "?source.ip")
	f(`_exists_:"source.ip"`, "?source.ip")
	f("NOT _exists_:source.ip", "(not ?source.ip)")
	f("/app[0-2][0-9]/", "~/app[0-2][0-9]/")
	f("host.name:/app[0-2][0-9]/ AND x", "(and host.name~/app[0-2][0-9]/ =x)")
	f(`url.path:/a\/b c\.d/`, `url.path~/a/b c\.d/`)
	f("(/a/)", "~/a/")
	f(`process.executable:/\\cmd\.exe$/i OR x`, `(or process.executable~/\\cmd\.exe$/i =x)`)
	f("/a/i", "~/a/i")
	f("(/a/i)", "~/a/i")

	// ranges
	f("n:[1 TO 5]", `n["1" "5"]`)
	f("n:{1 TO 5}", `n{"1" "5"}`)
	f("n:[1 TO 5}", `n["1" "5"}`)
	f("n:{1 TO 5]", `n{"1" "5"]`)
	f("n:[ -1  TO  5 ]", `n["-1" "5"]`)
	f("n:[1 TO *]", `n["1" *}`)
	f("n:{* TO 5]", `n{* "5"]`)
	f(`n:["*" TO \*]`, `n["*" "*"]`)
	f("n:>5", `n{"5" *}`)
	f("n:>= 5", `n["5" *}`)
	f("n:<5", `n{* "5"}`)
	f("n:<=-5", `n{* "-5"]`)
	f(`n:>"a b"`, `n{"a b" *}`)
	f("@timestamp:[2026-10-11 12:00:00 TO now]", `@timestamp["2026-10-11 12:00:00" "now"]`)
	f("@timestamp:[2026-10-11T00:00:00Z TO 2026-10-12T00:00:00+08:00}", `@timestamp["2026-10-11T00:00:00Z" "2026-10-12T00:00:00+08:00"}`)
	f("@timestamp:>now-1h", `@timestamp{"now-1h" *}`)
	f("ip:[2001:db8:: TO 2001:db8::ff]", `ip["2001:db8::" "2001:db8::ff"]`)
	f(`k:["a\"b" TO "TO"]`, `k["a\"b" "TO"]`)

	// operators
	f("a b", "(and =a =b)")
	f("a AND b && c", "(and =a =b =c)")
	f("a OR b || c", "(or =a =b =c)")
	f("a b OR c", "(or (and =a =b) =c)")
	f("a OR b c", "(or =a (and =b =c))")
	f("a OR b AND NOT c", "(or =a (and =b (not =c)))")
	f("NOT a b", "(and (not =a) =b)")
	f("NOT NOT a", "(not (not =a))")
	f("!a -b +c", "(and (not =a) (not =b) =c)")
	f("! a", "(not =a)")
	f("!(a b)", "(not (and =a =b))")
	f(`-"a b"`, `(not ="a b")`)
	f("-x:1", "(not x=1)")
	f("a&&b||c", "(or (and =a =b) =c)")
	f("(a)", "=a")
	f("((a b) c)", "(and (and =a =b) =c)")
	f("(a OR b) AND (c OR d)", "(and (or =a =b) (or =c =d))")
	f("foo(bar)", "(and =foo =bar)")
	f(`foo"bar baz"`, `(and =foo ="bar baz")`)
	f("(a)(b)", "(and =a =b)")
	f("a AND(b)", "(and =a =b)")
	f("x:(a OR b)", "(or x=a x=b)")
	f("x:(a b:c -d)", "(and x=a b=c (not x=d))")
	f("x:( >5 AND <=10 )", `(and x{"5" *} x{* "10"])`)
	f("x:(NOT (a OR *))", "(not (or x=a ?x))")
	f("observer.type:firewall AND (Fail OR Bad OR Error)", "(and observer.type=firewall (or =Fail =Bad =Error))")
	f("a　AND　b", "(and =a =b)") // ideographic spaces

	// escapes
	f(`\(1\+1\)\:2`, "=(1+1):2")
	f(`\AND`, "=AND")
	f(`a\ b`, "=a b")
	f(`\-a \!b \+c`, "(and =-a =!b =+c)")
	f(`C\:\\Users\\li`, `=C:\Users\li`)
	f(`a\&\&b`, "=a&&b")
	f(`x:\>5`, "x=>5")
	f(`\登`, "=登")
}

// Each case has the query, a line of carets under it, the message and the hint.
func TestParseErrors(t *testing.T) {
	f := func(want string) {
		t.Helper()
		want = strings.TrimPrefix(want, "\n")
		lines := strings.SplitN(want, "\n", 3)
		text := strings.TrimPrefix(lines[1], "  ")
		_, err := query.Parse(text)
		require.Error(t, err, text)
		var qerr *query.Error
		require.ErrorAs(t, err, &qerr)
		assert.Equal(t, want, qerr.Render(text))
		assert.NotContains(t, err.Error(), "\n")
		assert.Contains(t, err.Error(), qerr.Msg)
	}
	f(`
unclosed quote
  用户 "张三
       ^^^^^
  hint: close it with ", or write \" to search for the sign
`)
	f(`
AND has nothing on its left
  AND b
  ^^^
  hint: put a word in quotes to search for it
`)
	f(`
OR has nothing on its right
  失败 OR
       ^^
  hint: put a word in quotes to search for it
`)
	f(`
OR follows AND without a clause between them
  a AND OR b
        ^^
  hint: put a word in quotes to search for it
`)
	f(`
NOT has nothing on its right
  a NOT
    ^^^
  hint: put a word in quotes to search for it
`)
	f(`
&& has nothing on its right
  (a &&)
     ^^
  hint: put a word in quotes to search for it
`)
	f(`
log.level: has no value
  log.level: AND x
  ^^^^^^^^^^
  hint: write log.level:value, log.level:* for events that have the field, or log.level\: to search for the text
`)
	f(`
there is no ) for this (
  a AND (b OR c
        ^
  hint: close it with ), or write \( to search for the sign
`)
	f(`
there is no ( for this )
  a) b
   ^
  hint: remove it, or write \) to search for it
`)
	f(`
there is no clause before this )
  ) b
  ^
  hint: remove it, or write \) to search for it
`)
	f(`
nothing between ( and )
  x:( )
    ^^^
  hint: write a clause inside, or \( and \) to search for the signs
`)
	f(`
- stands alone
  connection - lost
             ^
  hint: write -word without a space, or \- to search for the sign
`)
	f(`
> needs a field
  >5
  ^
  hint: write field:>5, or \> to search for the sign
`)
	f(`
>= has no value
  n:>=
    ^^
  hint: write n:>=5
`)
	f(`
a range needs a field
  [1 TO 5]
  ^
  hint: write field:[1 TO 5], or \[ to search for the sign
`)
	f(`
TO expected in the range
  n:[1, 5]
    ^^^^^^
  hint: write [1 TO 5]; * is an open end
`)
	f(`
unclosed range, ] or } expected
  n:[1 TO 5
    ^^^^^^^
  hint: write [1 TO 5]; * is an open end
`)
	f(`
the range lacks a bound
  n:[1 TO ]
    ^^^^^^^
  hint: write [1 TO 5]; * is an open end
`)
	f(`
unclosed regular expression
  url.path:/index.html
           ^^^^^^^^^^^
  hint: close it with /; a path goes in quotes: "/admin/login"
`)
	f(`
a value that starts with / is a regular expression, and text follows it
  url.path:/admin/login
           ^^^^^^^
  hint: a path goes in quotes: "/admin/login"
`)
	f(`
lookaround is not supported
  a AND /登\/(?=x)/
             ^^^
  hint: combine two conditions with AND or NOT
`)
	f(`
missing closing )
  /a(b/
   ^^^
  hint: write \( and \) for the signs
`)
	f(`
fuzzy and proximity searches (~) are not supported
  "a b"~3
       ^
  hint: use * or a regular expression; write \~ to search for the sign
`)
	f(`
boosts (^) have no meaning here
  错误^2
      ^
  hint: results are ordered by time; write \^ to search for the sign
`)
	f(`
} cannot stand in an unquoted value
  x:a}
     ^
  hint: put the value in quotes, or write \}
`)
	f(`
field names cannot have wildcards
  source.*:10.0.0.1
  ^^^^^^^^
  hint: name one field, or write \: to search for the text
`)
	f(`
_exists_: needs the name of one field
  _exists_:(a b)
  ^^^^^^^^^
  hint: write _exists_:source.ip
`)
	f(`
the query ends behind a backslash
  a\
   ^
  hint: write \\ for a backslash
`)
	f(`
there is no ( for this )
  a and b)
         ^
  hint: remove it, or write \) to search for it; and is read as a word here, the operator is AND
`)
}

func TestParseErrorInLongText(t *testing.T) {
	text := strings.Repeat("甲 ", 100) + "\n" + strings.Repeat("a ", 100) + "AND AND " + strings.Repeat("b ", 100)
	_, err := query.Parse(text)
	var qerr *query.Error
	require.ErrorAs(t, err, &qerr)
	assert.Equal(t, "column 406: AND follows AND without a clause between them (put a word in quotes to search for it)", qerr.Error())
	lines := strings.Split(qerr.Render(text), "\n")
	assert.Equal(t, "  …"+strings.Repeat("a ", 28)+"AND AND "+strings.Repeat("b ", 28)+"…", lines[1])
	assert.Equal(t, strings.Repeat(" ", 3+60)+"^^^", lines[2])
}

func TestParseLimits(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := query.Parse(text)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, want)
	}
	f(strings.Repeat("(", 100)+"a"+strings.Repeat(")", 100), "")
	f(strings.Repeat("(", 101)+"a"+strings.Repeat(")", 101), "nested more than 100 deep")
	f(strings.Repeat("NOT ", 101)+"a", "nested more than 100 deep")
	f(strings.Repeat("-", 101)+"a", "nested more than 100 deep")
	f(strings.Repeat("+", 101)+"a", "nested more than 100 deep")
	f(strings.Repeat("(", 16000), "nested more than 100 deep")
	f(strings.Repeat("a ", 1023), "")
	f(strings.Repeat("a ", 1024), "more than 1024 parts")
	f(strings.Repeat("a", 16<<10), "")
	f(strings.Repeat("a", 16<<10+1), "the limit is 16384")
	f("a\xff", "byte 0xff is not UTF-8")
	f("/"+strings.Repeat("a", 513)+"/", "longer than 512 bytes")
	f("n:["+strings.Repeat(" ", 16000), "unclosed range")
	f("n:[a"+strings.Repeat(" ", 16000)+"b TO c]", "")
}

// Positions are byte ranges of what was written, fields included.
func TestPositions(t *testing.T) {
	const text = `用户 AND ( x:[1 TO 2] OR NOT y:(a) )  -"b"`
	n, err := query.Parse(text)
	require.NoError(t, err)
	var got []string
	var walk func(n query.Node)
	walk = func(n query.Node) {
		p := n.Position()
		got = append(got, text[p.Start:p.End])
		switch n := n.(type) {
		case *query.And:
			for _, s := range n.Nodes {
				walk(s)
			}
		case *query.Or:
			for _, s := range n.Nodes {
				walk(s)
			}
		case *query.Not:
			walk(n.Node)
		}
	}
	walk(n)
	assert.Equal(t, []string{
		text, "用户", "x:[1 TO 2] OR NOT y:(a)", "x:[1 TO 2]", "NOT y:(a)", "a", `-"b"`, `"b"`,
	}, got)
}
