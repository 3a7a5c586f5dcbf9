package dashboards

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the dashboards anew")

func everyDashboard(t *testing.T) (all []*Dashboard) {
	for _, lang := range Languages {
		some, err := All(lang)
		require.NoError(t, err)
		all = append(all, some...)
	}
	return all
}

// The files are what the description says, and there are no others.
func TestFilesAreOfTheDescription(t *testing.T) {
	files := map[string]bool{}
	for _, d := range everyDashboard(t) {
		want, err := d.JSON()
		require.NoError(t, err)
		files[d.File()] = true
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(d.File()), 0o755))
			require.NoError(t, os.WriteFile(d.File(), want, 0o644))
		}
		got, err := os.ReadFile(d.File())
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "run `go test ./grafana/dashboards -update` and read the difference")
	}
	found, err := filepath.Glob("*/*.json")
	require.NoError(t, err)
	for _, f := range found {
		assert.True(t, files[filepath.ToSlash(f)], "no description makes %s", f)
	}
}

// Grafana's own schema, strictly: a property that Grafana does not know would be left out without a word.
func TestFilesKeepGrafanasSchema(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, d := range everyDashboard(t) {
		file, err := d.JSON()
		require.NoError(t, err)
		assert.Empty(t, schemaFaults(file), d.File())
	}

	file, err := everyDashboard(t)[0].JSON()
	require.NoError(t, err)
	assert.Contains(t, schemaFaults(bytes.Replace(file, []byte(`"gridPos":`), []byte(`"gridpos":`), 1)), "gridpos", "the check would find nothing")
	assert.Contains(t, schemaFaults(bytes.Replace(file, []byte(`"showHeader":`), []byte(`"showheader":`), 1)), "showheader", "the check would find nothing")
}

// schemaFaults are what Grafana's schema has against a dashboard. The schema's errors may be an empty list.
func schemaFaults(file []byte) string {
	var parsed dashboard.Dashboard //nolint:staticcheck // files are of the first API, which all supported versions of Grafana read
	if err := parsed.UnmarshalJSONStrict(file); err != nil && err.Error() != "" {
		return err.Error()
	}
	if err := parsed.Validate(); err != nil {
		return err.Error()
	}
	return ""
}

// English and Chinese show the same: only texts differ.
func TestLanguagesAreInStep(t *testing.T) {
	english, err := All(English)
	require.NoError(t, err)
	chineseOnes, err := All(Chinese)
	require.NoError(t, err)
	said := map[string]bool{}
	for i, d := range english {
		other := chineseOnes[i]
		require.Len(t, other.Panels, len(d.Panels))
		for k, p := range d.Panels {
			assert.Equal(t, p.Targets, other.Panels[k].Targets, p.Title)
			assert.Equal(t, p.GridPos, other.Panels[k].GridPos, p.Title)
			assert.NotEqual(t, p.Title, other.Panels[k].Title)
		}
		assert.Equal(t, d.Templating.List[0].Query, other.Templating.List[0].Query)
		assert.NotEqual(t, d.UID, other.UID)
		for _, s := range append(d.said, other.said...) {
			said[s] = true
		}
	}
	for text := range chinese {
		assert.True(t, said[text], "no dashboard says %q: take it out of words.go", text)
	}
}

// A dashboard works with any datasource of Logcenter, on a machine without a way to the internet.
func TestDashboardsNameNothingOutside(t *testing.T) {
	uid := regexp.MustCompile(`"uid":"([^"]*)"`)
	for _, d := range everyDashboard(t) {
		b, err := json.Marshal(d)
		require.NoError(t, err)
		for _, m := range uid.FindAllStringSubmatch(string(b), -1) {
			assert.True(t, m[1] == "${datasource}" || m[1] == d.UID, "%s: a datasource or dashboard is named: %s", d.File(), m[1])
		}
		assert.NotRegexp(t, `https?://`, string(b), d.File())
	}
}

// Panels lie beside each other within the grid, none over another.
func TestPanelsDoNotOverlap(t *testing.T) {
	for _, d := range everyDashboard(t) {
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			g := p.GridPos
			require.LessOrEqual(t, g.X+g.W, columns, "%s: %s", d.File(), p.Title)
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					require.Empty(t, taken[[2]int{x, y}], "%s: %s lies over it", d.File(), p.Title)
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	}
}

// What a link of a panel leads to is a pane of Explore with a query of this datasource.
func TestLinksLeadToExplore(t *testing.T) {
	link := exploreURL("source.ip")
	panes := link[strings.Index(link, "panes=")+len("panes="):]
	for from, to := range map[string]string{
		"%7B": "{", "%7D": "}", "%22": `"`, "%3A": ":", "%2C": ",", "%5B": "[", "%5D": "]", "%5C": `\`,
		"${datasource}": "uid", `${__data.fields["source.ip"]:percentencode}`: "192.0.2.1", "${__from}": "1", "${__to}": "2",
	} {
		panes = strings.ReplaceAll(panes, from, to)
	}
	var got map[string]struct {
		Datasource string
		Queries    []struct{ Query, Kind string }
		Range      struct{ From, To string }
	}
	require.NoError(t, json.Unmarshal([]byte(panes), &got), panes)
	require.Len(t, got["logcenter"].Queries, 1)
	assert.Equal(t, `source.ip:"192.0.2.1"`, got["logcenter"].Queries[0].Query)
	assert.Equal(t, "uid", got["logcenter"].Datasource)
}

// The map is small, and is of the earth: land is where land is.
func TestMapIsOfTheLand(t *testing.T) {
	b, err := os.ReadFile("../src/img/land.geojson")
	require.NoError(t, err)
	assert.Less(t, len(b), 300<<10)
	var m struct {
		Features []struct {
			Geometry struct {
				Type        string
				Coordinates [][][][2]float64
			}
		}
	}
	require.NoError(t, json.Unmarshal(b, &m))
	require.Len(t, m.Features, 1)
	require.Equal(t, "MultiPolygon", m.Features[0].Geometry.Type)
	inside := func(lon, lat float64) (in bool) {
		for _, polygon := range m.Features[0].Geometry.Coordinates {
			for _, ring := range polygon {
				require.Equal(t, ring[0], ring[len(ring)-1], "a ring is not closed")
				for i, a := range ring[1:] {
					b := ring[i]
					if (a[1] > lat) != (b[1] > lat) && lon < (b[0]-a[0])*(lat-a[1])/(b[1]-a[1])+a[0] {
						in = !in
					}
				}
			}
		}
		return in
	}
	for _, p := range []struct {
		place    string
		lon, lat float64
		land     bool
	}{
		{"Beijing", 116.4, 39.9, true},
		{"Nairobi", 36.8, -1.3, true},
		{"Brasília", -47.9, -15.8, true},
		{"the South Pole's sea of ice", 0, -80, true},
		{"the middle of the Atlantic", -30, 0, false},
		{"the Caspian Sea", 50.5, 42, false},
		{"the Pacific", -150, 10, false},
	} {
		assert.Equal(t, p.land, inside(p.lon, p.lat), p.place)
	}
}
