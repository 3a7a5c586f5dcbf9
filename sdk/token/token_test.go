package token_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/token"
)

func generate(t testing.TB) (*token.Key, *token.Share, *token.Share) {
	t.Helper()
	k, shares, err := token.Generate([2]string{"li", "wang"})
	require.NoError(t, err)
	k, err = token.ParseKey(k.Text())
	require.NoError(t, err)
	a, err := token.ParseShare(shares[0].Text())
	require.NoError(t, err)
	b, err := token.ParseShare(shares[1].Text())
	require.NoError(t, err)
	assert.Equal(t, "wang", b.Holder)
	return k, a, b
}

func TestTwoSharesOpen(t *testing.T) {
	k, a, b := generate(t)
	r, err := token.Join(b, a)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, value := range []string{"6200000000000000003", "x", strings.Repeat("长", 85)} {
		made, ok := k.Of([]byte(value))
		require.True(t, ok)
		again, _ := k.Of([]byte(value))
		assert.Equal(t, made, again, "equal values have equal tokens")
		assert.False(t, seen[made])
		seen[made] = true
		assert.True(t, token.Is([]byte(made)))
		opened, err := r.Open(made)
		require.NoError(t, err)
		assert.Equal(t, value, string(opened))
	}
	for _, value := range []string{"", strings.Repeat("x", token.MaxValue+1)} {
		_, ok := k.Of([]byte(value))
		assert.False(t, ok)
	}
}

func TestOneShareDoesNot(t *testing.T) {
	k, a, b := generate(t)
	_, c, d := generate(t)
	_, err := token.Join(a, a)
	require.ErrorContains(t, err, "that of li")
	_, err = token.Join(a, c)
	require.ErrorContains(t, err, "two of the same key")
	c.Key = a.Key
	_, err = token.Join(a, c)
	require.ErrorContains(t, err, "one of them was changed")
	made, _ := k.Of([]byte("6200000000000000003"))
	c.Key = d.Key
	other, err := token.Join(c, d)
	require.NoError(t, err)
	_, err = other.Open(made)
	require.ErrorIs(t, err, token.ErrOther)
	r, err := token.Join(a, b)
	require.NoError(t, err)
	for i := len(token.Prefix); i < len(made); i++ { // no byte can be changed
		bad := []byte(made)
		bad[i] = map[bool]byte{true: 'B', false: 'A'}[bad[i] == 'A']
		value, err := r.Open(string(bad))
		if err == nil { // the last character has bits that say nothing
			assert.Equal(t, len(made)-1, i)
			assert.Equal(t, "6200000000000000003", string(value))
		}
	}
}

func TestFind(t *testing.T) {
	k, _, _ := generate(t)
	one, _ := k.Of([]byte("1"))
	two, _ := k.Of([]byte("22"))
	assert.Equal(t, []string{one, two}, token.Find([]byte("card="+one+"; sealed:short sealed:"+two+",")))
	assert.Empty(t, token.Find([]byte("sealed:"+strings.Repeat("a", 5000))))
	assert.False(t, token.Is([]byte(one+" ")))
}

func TestFilesThatAreNone(t *testing.T) {
	k, a, _ := generate(t)
	for want, text := range map[string]string{
		`no line "search: …"`: strings.Replace(string(k.Text()), "search:", "Search:", 1),
		"public: must be":     strings.Replace(string(k.Text()), "public: ", "public: x", 1),
		"is not that of":      strings.Replace(string(k.Text()), "key: "+k.ID(), "key: 00", 1),
		"longer than":         strings.Repeat("#", token.MaxFile+1),
	} {
		_, err := token.ParseKey([]byte(text))
		require.ErrorContains(t, err, want)
	}
	_, err := token.ParseShare(bytes.Replace(a.Text(), []byte("share: "), []byte("share: =="), 1))
	require.ErrorContains(t, err, "share: must be 32 bytes")
}

func FuzzOpen(f *testing.F) {
	k, a, b := generate(f)
	r, err := token.Join(a, b)
	require.NoError(f, err)
	made, _ := k.Of([]byte("li"))
	f.Add([]byte(made))
	f.Add([]byte("sealed:AAAA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, found := range token.Find(text) {
			if !token.Is([]byte(found)) {
				t.Fatalf("%q was found and is none", found)
			}
			_, _ = r.Open(found)
		}
		_, _ = token.ParseKey(text)
		_, _ = token.ParseShare(text)
		if made, ok := k.Of(text); ok {
			if value, err := r.Open(made); err != nil || !bytes.Equal(value, text) {
				t.Fatalf("%q became %q: %v", text, value, err)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	k, _, _ := generate(b)
	for b.Loop() {
		k.Of([]byte("6200000000000000003"))
	}
}
