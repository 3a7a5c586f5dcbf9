package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/token"
)

// hashKey writes a key file and returns its path.
func hashKey(t *testing.T, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "masking.key")
	require.NoError(t, os.WriteFile(path, []byte(key), 0o600))
	return path
}

// TestModes: how a rule hides is the admin's choice, for a category or a rule.
func TestModes(t *testing.T) {
	key := hashKey(t, strings.Repeat("k", 32))
	for _, tt := range []struct{ config, line, want string }{
		{`{"categories": {"secrets": "off"}}`, `password=abc id=110199199003070033`, `password=abc id=110199********0033`},
		{`{"categories": {"secrets": "drop"}}`, `user=a;password=abc;x=1`, `user=a;password=[dropped];x=1`},
		{`{"categories": {"secrets": "drop"}, "rules": {"password": "on"}}`, `password=abc token=abcdef123456`, `password=****** token=[dropped]`},
		{`{"rules": {"bank-card": "drop"}}`, `card 4000000000000002, 6200 0000 0000 0005.`, `card [dropped], [dropped].`},
		{`{"rules": {"mobile": "on"}}`, `tel 13800138000, +8613800138000, 138-0013-8000`, `tel 138****8000, +86138****8000, 138-****-8000`},
		{`{"rules": {"email": "on"}}`, `to li.na@bank.example.`, `to ******@bank.example.`},
		{`{"categories": {"technical": "on"}, "rules": {"command": "off"}}`, `command=ls 10.2.0.9 203.0.113.7 CVE-2026-12345`, `command=ls ****** 203.0.113.7 ******`},
		{`{"rules": {"command": "on"}}`, `user=a;command=set user x pass y;result=ok`, `user=a;command=******;result=ok`},
		{`{"rules": {"long-number": "on"}}`, `id 4000000000000001 at 1760155200123`, `id 4000********0001 at 1760155200123`},
		{`{"keys": ["teller_code"]}`, `teller_code=4711 teller=1`, `teller_code=****** teller=1`},
		{`{"exclude_keys": ["token"]}`, `token=abcdef123456 secret=abcdef123456`, `token=abcdef123456 secret=******`},
		{`{"patterns": [{"contains": "branch", "pattern": "branch (\\d+)", "group": 1, "with": "####"}]}`, `branch 0102 x`, `branch #### x`},
		{fmt.Sprintf(`{"rules": {"id-card": "hash"}, "hash_key_file": %q}`, key), `id=110199199003070033 and 110199199003070033`, `id=hmac:e7adf11835797a04 and hmac:e7adf11835797a04`},
		{fmt.Sprintf(`{"rules": {"password": "hash"}, "hash_key_file": %q}`, key), `password=hmac:a88bc7dd5a0ec7e3`, `password=hmac:a88bc7dd5a0ec7e3`},
	} {
		assert.Equal(t, tt.want, maskAll(t, tt.config, tt.line)[0], tt.config)
	}
}

// TestHashesCompare: equal values have equal hashes, others do not, and another key makes others.
func TestHashesCompare(t *testing.T) {
	masked := func(key string) []string {
		config := fmt.Sprintf(`{"rules": {"password": "hash"}, "hash_key_file": %q}`, hashKey(t, key))
		return maskAll(t, config, `password=abc`, `"passwd":"abc"`, `password=abd`)
	}
	hashOf := func(s string) string {
		i := strings.Index(s, hashed)
		require.GreaterOrEqual(t, i, 0, s)
		h := s[i+len(hashed) : i+len(hashed)+2*hashBytes]
		_, err := hex.DecodeString(h)
		require.NoError(t, err)
		return h
	}
	a, b := masked(strings.Repeat("k", 32)), masked(strings.Repeat("l", 40))
	assert.Equal(t, hashOf(a[0]), hashOf(a[1]))
	assert.NotEqual(t, hashOf(a[0]), hashOf(a[2]))
	assert.NotEqual(t, hashOf(a[0]), hashOf(b[0]))
}

// TestTokensGiveValuesBack: two shares together open what a rule has sealed, and a token is not sealed again.
func TestTokensGiveValuesBack(t *testing.T) {
	k, shares, err := token.Generate([2]string{"li", "wang"})
	require.NoError(t, err)
	config := fmt.Sprintf(`{"rules": {"bank-card": "tokenise", "password": "tokenise"}, "token_key_file": %q}`, hashKey(t, string(k.Text())))
	long := strings.Repeat("x", token.MaxValue+1)
	lines := maskAll(t, config, `card 6200 0000 0000 0005 paid`, `password=秘密123 x=1`, `password=`+long)
	assert.Equal(t, `password=******`, lines[2], "a token of what is long would be longer still")
	r, err := token.Join(shares[0], shares[1])
	require.NoError(t, err)
	for i, want := range []string{`6200 0000 0000 0005`, `秘密123`} {
		found := token.Find([]byte(lines[i]))
		require.Len(t, found, 1, lines[i])
		value, err := r.Open(found[0])
		require.NoError(t, err)
		assert.Equal(t, want, string(value))
		assert.Equal(t, lines[i], maskAll(t, config, lines[i])[0], "masked already")
	}
	assert.True(t, strings.HasPrefix(lines[0], "card sealed:") && strings.HasSuffix(lines[0], " paid"), lines[0])
}

// TestConfigErrors say which key is wrong, and what would be right.
func TestConfigErrors(t *testing.T) {
	short := hashKey(t, "too short")
	for _, tt := range []struct {
		c    Config
		want string
	}{
		{Config{Switches: Switches{Categories: map[string]string{"secret": "on"}}}, `categories.secret: there is no category "secret" (categories: secrets, customer, business, parameters, technical)`},
		{Config{Switches: Switches{Rules: map[string]string{"idcard": "on"}}}, `rules.idcard: there is no rule "idcard" (rules: password, token, authorization,`},
		{Config{Switches: Switches{Rules: map[string]string{"token": "hash"}}}, `hash_key_file: a rule hashes, and there is no key`},
		{Config{Switches: Switches{Rules: map[string]string{"token": "hash"}}, HashKeyFile: short}, short + ` has 9 bytes (at least 32)`},
		{Config{Switches: Switches{Rules: map[string]string{"token": "tokenise"}}}, `token_key_file: a rule makes tokens, and there is no key (the file tokens.key that`},
		{Config{Switches: Switches{Rules: map[string]string{"token": "tokenise"}}, TokenKeyFile: short}, short + `: there is no line "key: …"`},
		{Config{Keys: []string{"ab"}}, `keys[0]: "ab" is too short (at least three bytes)`},
		{Config{ExcludeKeys: []string{"tokens"}}, `exclude_keys[0]: "tokens" is not a key`},
		{Config{Patterns: []Pattern{{Contains: "abc", Pattern: "("}}}, `patterns[0].pattern: `},
		{Config{Patterns: []Pattern{{Contains: "abc", Pattern: "abc", Group: 1}}}, `patterns[0].group: the pattern has no group 1 (0 to 0)`},
		{Config{Patterns: []Pattern{{Contains: "a", Pattern: "abc"}}}, `patterns[0].contains: "a" is too short`},
		{Config{Policies: []Policy{{When: "host.name:("}}}, `policies[0].when: `},
		{Config{Policies: []Policy{{When: "*", Switches: Switches{Rules: map[string]string{"x": "on"}}}}}, `policies[0].rules.x: there is no rule "x"`},
	} {
		_, err := New(tt.c)
		if assert.Error(t, err, tt.want) {
			assert.Contains(t, schema.Errors(err)[0].Error(), tt.want)
		}
	}
}

// TestLongLines: no line takes longer than the time that a call of the host may take, whatever is in it.
func TestLongLines(t *testing.T) {
	const callDeadline = 10 * time.Second // of host/plugin
	all := `{"categories": {"secrets": "on", "customer": "on", "business": "on", "parameters": "on", "technical": "on"}}`
	for _, again := range []string{
		"a", "=", " ", "1", "@", "%41", `\\u0041`, "*", ")", "'", "%", "A1", "１",
		"password=", "password=)", "password=a)b", "PWD=/", "密码为", "密码：旧", "authorization:a", "token: a", "teller=a", "金额=a", "cmd=a ", "pass ",
		"-----BEGIN PRIVATE KEY-----", "eyJa.", "eyJaaaaaaaa.", "AKIA", "https%3A%2F%2F", "://a:@", "10.", "1.1.1.1.", "1381 ", "2026-10-11 ", "=YWJj", "<password ", ",password=a", "identified by ", "basic ",
	} {
		line := strings.Repeat(again, 512<<10/len(again))
		for _, config := range []string{"{}", all} {
			before := cpuTime() // others may keep one waiting
			edits(t, config, []labelled{{line: line}})
			assert.Less(t, cpuTime()-before, callDeadline/2, "%q with %s", again, config)
		}
	}
}
