package rule_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/rule"
	"github.com/logcenter/logcenter/sdk/schema"
)

var update = flag.Bool("update", false, "write README.md instead of comparing with it")

func TestKeysAreExplained(t *testing.T) {
	keys := rule.Keys()
	require.Greater(t, len(keys), 60)
	for _, k := range keys {
		name := k.Path[strings.LastIndex(k.Path, ".")+1:]
		assert.Empty(t, schema.Poor(name, k.Description), "%s: %s", k.Path, k.Description)
	}
	var s struct {
		Properties map[string]struct {
			Items struct{ Properties map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(rule.Schema(), &s))
	assert.Contains(t, slices.Collect(maps.Keys(s.Properties["rules"].Items.Properties)), "group_by")
}

// README.md has a table of all keys.
func TestReadme(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Keys of a rule\n\n<!-- Made of the comments in this folder: `go test ./sdk/rule -update` -->\n\n" +
		"A file of rules is YAML, with a list of rules under the key `rules`, or a single rule. What the types of rules mean, with\n" +
		"examples, is in [correlation's README](../../plugins/alert/correlation/README.md); `logcenter rule keys` prints this table,\n" +
		"and with `--schema` a JSON Schema for editors.\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	for _, k := range rule.Keys() {
		standard := ""
		if k.Default != "" && k.Default != `""` && k.Default != "null" {
			standard = "`" + cell(k.Default) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, cell(k.Type), standard, cell(k.Description))
	}
	if *update {
		require.NoError(t, os.WriteFile("README.md", b.Bytes(), 0o644)) //nolint:gosec // a document
	}
	have, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "write it with `go test ./sdk/rule -update`")
}
