package secret_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/secret"
)

func TestRead(t *testing.T) {
	for _, tt := range []struct{ in, read, word string }{
		{"s3cret\n", "s3cret", "s3cret"},
		{"two words\r\n", "two words", ""},
		{" s3cret ", " s3cret ", "s3cret"},
		{"密码", "密码", ""},
		{"", "", ""},
		{"\n\n", "", ""},
		{"a\nb", "", ""},
		{strings.Repeat("x", secret.Max+1), "", ""},
	} {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(tt.in), 0o600))
		read, err := secret.Read(path)
		assert.Equal(t, tt.read, read)
		assert.Equal(t, tt.read == "", err != nil, "%.20q", tt.in)
		word, wordErr := secret.Word(path)
		assert.Equal(t, tt.word, word)
		assert.Equal(t, tt.word == "", wordErr != nil, "%.20q", tt.in)
		for _, e := range []error{err, wordErr} {
			if e != nil {
				assert.Contains(t, e.Error(), path)
				if in := strings.TrimSpace(tt.in); len(in) > 3 {
					assert.NotContains(t, e.Error(), in)
				}
			}
		}
	}
	_, err := secret.Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestHide(t *testing.T) {
	s := `a/b c+"&`
	inner := &url.Error{Op: "Post", URL: "https://example.com/" + url.PathEscape(s) + "?t=" + url.QueryEscape(s), Err: errors.New(s)}
	err := secret.Hide(fmt.Errorf("%w and %q", inner, s), s, "")
	for _, form := range []string{s, url.PathEscape(s), url.QueryEscape(s), `a/b`} {
		assert.NotContains(t, err.Error(), form)
	}
	assert.Contains(t, err.Error(), "https://example.com/[hidden]")
	var u *url.Error
	require.NotErrorAs(t, err, &u)
	assert.NoError(t, secret.Hide(nil, s))
}
