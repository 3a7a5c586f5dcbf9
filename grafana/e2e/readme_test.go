package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	return string(b)
}

var link = regexp.MustCompile(`\[([^\]]+)\]\(([^)#]+)\)`)

// Every "yes" of the table of features names a test, and the test is there.
func TestFeaturesHaveTheirTests(t *testing.T) {
	_, table, ok := strings.Cut(readme(t), "| feature | Logcenter |")
	require.True(t, ok)
	rows := 0
	for _, row := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.ReplaceAll(row, `\|`, "/"), "|")
		if len(cells) < 3 {
			continue
		}
		require.Len(t, cells, 8, "a cell for each datasource: %s", row)
		rows++
		ours := strings.TrimSpace(cells[2])
		if ours == "no" {
			continue
		}
		require.True(t, strings.HasPrefix(ours, "yes: "), "ours is yes with a test, or no: %s", row)
		tests := link.FindAllStringSubmatch(ours, -1)
		require.NotEmpty(t, tests, "the test is missing: %s", row)
		for _, test := range tests {
			source, err := os.ReadFile(filepath.Join("..", test[2]))
			require.NoError(t, err, row)
			begins := "func " + test[1] + "(t *testing.T) {"
			if strings.HasSuffix(test[2], ".ts") { // the file is the test
				begins = "test"
			}
			assert.Contains(t, string(source), begins, "%s: there is no such test", row)
		}
	}
	assert.Greater(t, rows, 25)
}

// What the README leads to is there.
func TestReadmeLeadsSomewhere(t *testing.T) {
	for _, l := range link.FindAllStringSubmatch(readme(t), -1) {
		if !strings.Contains(l[2], "://") {
			_, err := os.Stat(filepath.Join("..", l[2]))
			assert.NoError(t, err, l[0])
		}
	}
}

// The files for a Grafana are YAML, name what is there, and have no secret in them.
func TestProvisioningIsWhole(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image       string
			Environment map[string]string
			Volumes     []string
		}
		Volumes map[string]any
	}
	readYAML(t, "docker-compose.yaml", &compose)
	grafana, ok := compose.Services["grafana"]
	require.True(t, ok)
	assert.Regexp(t, `^grafana/grafana:12\.\d+\.\d+$`, grafana.Image)
	assert.Equal(t, "logcenter-logcenter-datasource", grafana.Environment["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"])
	inside := map[string]bool{}
	for _, v := range grafana.Volumes {
		from, to, _ := strings.Cut(v, ":")
		to, _, _ = strings.Cut(to, ":")
		inside[to] = true
		if strings.HasPrefix(from, "./") && from != "./dist" { // that is built
			assert.DirExists(t, filepath.Join("..", from))
		}
	}

	var sources struct {
		Datasources []struct {
			Type, URL string
			JSONData  map[string]any    `yaml:"jsonData"`
			Secure    map[string]string `yaml:"secureJsonData"`
		}
	}
	readYAML(t, "provisioning/datasources/logcenter.yaml", &sources)
	require.Len(t, sources.Datasources, 1)
	d := sources.Datasources[0]
	assert.Equal(t, "logcenter-logcenter-datasource", d.Type)
	assert.Equal(t, map[string]string{"apiToken": "${LOGCENTER_TOKEN}"}, d.Secure)
	for _, v := range []string{d.URL, d.Secure["apiToken"]} {
		assert.Contains(t, grafana.Environment, strings.Trim(v, "${}"))
	}

	var dashboards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	readYAML(t, "provisioning/dashboards/logcenter.yaml", &dashboards)
	require.Len(t, dashboards.Providers, 2)
	for _, p := range dashboards.Providers {
		assert.True(t, inside[p.Options.Path], "nothing is mounted at %s", p.Options.Path)
	}

	// The plugin knows each setting that is written there.
	types, err := os.ReadFile("../pkg/model/model.go")
	require.NoError(t, err)
	for name := range d.JSONData {
		assert.Contains(t, string(types), `json:"`+name)
	}
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(b, into), name)
}
