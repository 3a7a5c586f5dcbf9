package query_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

func TestCheck(t *testing.T) {
	f := func(text string) {
		t.Helper()
		n, err := query.Parse(text)
		require.NoError(t, err)
		require.NoError(t, query.Check(n, nil), text)
	}
	f("")
	f("fail* AND te?t AND /ap+/ AND 登录 AND *:*")
	f("source.ip:10.0.0.1 OR source.ip:10.0.0.0/8 OR source.ip:[10.0.0.1 TO 10.0.0.9]")
	f("source.port:443 source.port:[1 TO 1024] source.port:>-5")
	f("@timestamp:>now-1h @timestamp:2026-10-11 event.ingested:[2026-10-11 TO *]")
	f("log.level:(Error OR Fatal) host.name:/app[0-2][0-9]/ host.name:web* host.name:w?b")
	f("acme.thing:1 acme.thing:x* acme.thing:* _exists_:acme.thing")
	f("source.geo.location:* OR destination.geo.location:*")
	f("event.original:fail")
}

func TestCheckErrors(t *testing.T) {
	f := func(want string) {
		t.Helper()
		want = strings.TrimPrefix(want, "\n")
		text := strings.TrimPrefix(strings.SplitN(want, "\n", 3)[1], "  ")
		n, err := query.Parse(text)
		require.NoError(t, err)
		err = query.Check(n, nil)
		var qerr *query.Error
		require.ErrorAs(t, err, &qerr, text)
		assert.Equal(t, want, qerr.Render(text))
	}
	f(`
log.level is a keyword field and has no ranges
  登录 AND log.level:>Error
           ^^^^^^^^^^^^^^^^
  hint: ranges are for numbers, dates and IP addresses; for text use field:start*
`)
	f(`
message is a text field and has no ranges
  event.original:[a TO b]
  ^^^^^^^^^^^^^^^^^^^^^^^
  hint: ranges are for numbers, dates and IP addresses; for text use field:start*
`)
	f(`
acme.score is not declared, so it takes no ranges
  acme.score:>5
  ^^^^^^^^^^^^^
  hint: declare this field in a plugin
`)
	f(`
sorce.ip is not declared, so it takes no networks
  sorce.ip:10.0.0.0/8
  ^^^^^^^^^^^^^^^^^^^
  hint: declare this field in a plugin, or did you mean source.ip?
`)
	f(`
acme.x is not declared, so it takes no regular expressions
  acme.x:/a/
  ^^^^^^^^^^
  hint: declare this field in a plugin
`)
	f(`
acme.x is not declared, so it takes no wildcards other than a final *
  acme.x:a?b
  ^^^^^^^^^^
  hint: declare this field in a plugin
`)
	f(`
"10.0.0" is not an IP address, and source.ip is an ip field
  source.ip:10.0.0
  ^^^^^^^^^^^^^^^^
  hint: write e.g. 10.0.0.1 or 2001:db8::1, or a network: 10.0.0.0/8
`)
	f(`
source.ip is an ip field, wildcards are for keyword and text fields
  source.ip:10.0.*
  ^^^^^^^^^^^^^^^^
  hint: write a network: source.ip:10.0.0.0/8
`)
	f(`
source.port is a long field, wildcards are for keyword and text fields
  source.port:4?3
  ^^^^^^^^^^^^^^^
  hint: write a range: source.port:[400 TO 499]
`)
	f(`
"http" is not a whole number, and source.port is a long field
  source.port:http
  ^^^^^^^^^^^^^^^^
  hint: write digits with an optional -, e.g. 443 or -5, within 64 bits
`)
	f(`
"1.5" is not a whole number
  source.port:[1 TO 1.5]
  ^^^^^^^^^^^^^^^^^^^^^^
  hint: write digits with an optional -, e.g. 443 or -5, within 64 bits
`)
	f(`
"yesterday" is not a date
  @timestamp:>yesterday
  ^^^^^^^^^^^^^^^^^^^^^
  hint: write 2026-10-11, 2026-10-11 12:00:00, 2026-10-11T12:00:00Z, epoch milliseconds, or now-1h
`)
	f(`
log.level is a keyword field, networks are for ip fields
  log.level:10.0.0.0/8
  ^^^^^^^^^^^^^^^^^^^^
  hint: put the value in quotes to search for the text: "10.0.0.0/8"
`)
	f(`
there is no letter and no digit to search for
  a AND "--"
        ^^^^
  hint: text is searched by words; signs between them do not count
`)
	f(`
a regular expression on text looks at one word and this one can match none
  /登录失败/
  ^^^^^^^^^^
  hint: words are letters and digits, a Chinese or Japanese character is one by itself; search for several as a phrase: "two words"
`)
	f(`
a regular expression on text looks at one word, and this one matches the empty text
  a /x*/
    ^^^^
  hint: use + instead of *
`)
}

func TestWarnings(t *testing.T) {
	n, err := query.Parse("sorce.ip:10.0.0.1 and acme.zzz:1 and log.level:Error")
	require.NoError(t, err)
	var got []string
	for _, w := range query.Warnings(n, nil) {
		got = append(got, w.Error())
	}
	assert.Equal(t, []string{
		"no plugin declares a field sorce.ip (did you mean source.ip?)",
		"and is read as a word (the operator is AND)",
		"no plugin declares a field acme.zzz",
		"and is read as a word (the operator is AND)",
	}, got)
}

func TestFieldsOf(t *testing.T) {
	n, err := query.Parse("fail event.original:x source.ip:10.0.0.0/8 OR NOT (log.level:(a OR b*) AND _exists_:acme.x user.name:/a/ n:>5 k:?x) *")
	require.NoError(t, err)
	assert.Equal(t, []string{"acme.x", "k", "log.level", "message", "n", "source.ip", "user.name"}, query.FieldsOf(n))
	assert.Empty(t, query.FieldsOf(&query.All{}))
}
