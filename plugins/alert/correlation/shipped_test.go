package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	yaml "github.com/logcenter/logcenter/sdk/document"
	document "github.com/logcenter/logcenter/sdk/rule"
)

// TestShippedRules: what comes with the plugin tells its reader what to do, and says by examples what fires it. That they
// do as they say is for `logcenter rule test rules` and `logcenter bench alarms rules`, which have the parsers.
func TestShippedRules(t *testing.T) {
	files, err := filepath.Glob("rules/*.yaml")
	require.NoError(t, err)
	ids, techniques := map[string]string{}, 0
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		docs, err := yaml.Read(file, text)
		require.NoError(t, err)
		require.Len(t, docs, 1)
		var list document.List
		require.NoError(t, docs[0].Decode(&list))
		for _, r := range list.Rules {
			assert.Empty(t, ids[r.ID], "%s is in two files", r.ID)
			ids[r.ID] = file
			assert.Greater(t, len(r.Description), 40, "%s does not say what to do", r.ID)
			assert.NotEmpty(t, r.Topic, r.ID)
			if slices.ContainsFunc(r.Tags, func(tag string) bool { return strings.HasPrefix(tag, "attack.t") }) {
				techniques++
			}
			assert.True(t, slices.ContainsFunc(r.Examples, func(e document.Example) bool { return e.Alerts > 0 }), "%s has no example that fires it", r.ID)
			assert.True(t, slices.ContainsFunc(r.Examples, func(e document.Example) bool { return e.Alerts == 0 }), "%s has no example that does not fire it", r.ID)
			assert.Contains(t, string(readme), "| `"+r.ID+"` |", "README.md does not have the rule")
		}
	}
	assert.GreaterOrEqual(t, len(ids), 40)
	assert.Greater(t, techniques, 50, "rules with a technique of ATT&CK")
}
