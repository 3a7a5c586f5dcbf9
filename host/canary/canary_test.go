package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/canary"
)

// TestLines: each line has its mark, and its own secret is found in it and in no other.
func TestLines(t *testing.T) {
	lines := canary.Lines("markxyz")
	require.Greater(t, len(lines), 60)
	for i := range lines {
		l := &lines[i]
		require.Contains(t, l.Text, "markxyz")
		for _, left := range []string{"{mark}", "{key}", "{secret}"} {
			require.NotContains(t, l.Text, left, "%s %s", l.Rule, l.Form)
		}
	}
}

// TestFind: secrets are found in the spellings in which programs pass them on.
func TestFind(t *testing.T) {
	lines := canary.Lines("markxyz")
	f := canary.NewFinder(lines)
	for i := range lines {
		l := &lines[i]
		found := func(text string) {
			t.Helper()
			leaks := f.Find([]byte(text))
			require.NotEmpty(t, leaks, "%s %s: %s", l.Rule, l.Form, text)
			for _, x := range leaks {
				require.Same(t, l, x.Line, "%s %s", l.Rule, l.Form)
			}
		}
		found(l.Text)
		for pad := range 4 {
			around := strings.Repeat("<", pad) + l.Secret + ">>"
			found("x " + base64.StdEncoding.EncodeToString([]byte(around)))
			found("x " + base64.RawURLEncoding.EncodeToString([]byte(around)))
			found("x " + hex.EncodeToString([]byte(around)))
		}
		found("x=" + url.QueryEscape(l.Secret))
		text, err := json.Marshal(l.Secret)
		require.NoError(t, err)
		found(string(text))
		var all strings.Builder
		for _, r := range l.Secret {
			fmt.Fprintf(&all, `\u%04x`, r)
		}
		found(all.String())
	}
	require.Empty(t, f.Find([]byte("nothing of them is here")))
}
