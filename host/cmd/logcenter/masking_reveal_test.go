package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/token"
)

// TestTwoPeopleReveal: values are told with both shares, and only once that is written down.
func TestTwoPeopleReveal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	code, out, errs := run(t, "masking", "keygen", dir, "--holders", "li,wang")
	require.Equal(t, exitOK, code, errs)
	assert.Contains(t, out, "tokens.key for the masking plugin")
	code, _, errs = run(t, "masking", "keygen", dir, "--holders", "li,wang")
	assert.Equal(t, exitFailed, code, "shares are not overwritten: %s", errs)
	other := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.MkdirAll(other, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(other, "wang.share"), []byte("of another key"), 0o600))
	code, _, errs = run(t, "masking", "keygen", other, "--holders", "li,wang")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "wang.share is there already")
	left, err := os.ReadDir(other)
	require.NoError(t, err)
	assert.Len(t, left, 1, "a key without its shares would be worse than none")
	for _, holders := range []string{"li", "li,li", "li,../x"} {
		code, _, errs = run(t, "masking", "keygen", dir, "--holders", holders)
		assert.Equal(t, exitUsage, code, errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tokens.key"))
	require.NoError(t, err)
	key, err := token.ParseKey(text)
	require.NoError(t, err)
	made, ok := key.Of([]byte("6200000000000000003"))
	require.True(t, ok)

	audit := filepath.Join(t.TempDir(), "reveals.ndjson")
	li, wang := filepath.Join(dir, "li.share"), filepath.Join(dir, "wang.share")
	reveal := func(more ...string) (int, string, string) {
		return run(t, append([]string{"masking", "reveal", "--audit", audit}, more...)...)
	}
	for want, more := range map[string][]string{
		"give two":                    {"--share", li, "--reason", "x", made},
		"say why":                     {"--share", li, "--share", wang, made},
		"that of li":                  {"--share", li, "--share", li, "--reason", "x", made},
		"there is no token":           {"--share", li, "--share", wang, "--reason", "x", "6200000000000000003"},
		"no token of this key":        {"--share", li, "--share", wang, "--reason", "x", made[:len(made)-2] + "AA"},
		"as it cannot be written":     {"--share", li, "--share", wang, "--reason", "x", "--audit", filepath.Join(audit, "x"), made},
		filepath.Join(dir, "x.share"): {"--share", li, "--share", filepath.Join(dir, "x.share"), "--reason", "x", made},
	} {
		code, out, errs := reveal(more...)
		assert.NotEqual(t, exitOK, code)
		assert.Contains(t, errs, want)
		assert.NotContains(t, out+errs, "6200000000000000003")
	}
	assert.NoFileExists(t, audit)
	code, out, errs = reveal("--share", li, "--share", wang, "--reason", "case 7", made)
	require.Equal(t, exitOK, code, errs)
	assert.Equal(t, "6200000000000000003\n", out)
	code, out, errs = run(t, "masking", "reveals", "--audit", audit)
	require.Equal(t, exitOK, code, errs)
	assert.Contains(t, out, "li, wang")
	assert.Contains(t, out, "case 7")
	text, err = os.ReadFile(audit)
	require.NoError(t, err)
	assert.Contains(t, string(text), made)
	assert.NotContains(t, string(text), "6200000000000000003")
}
