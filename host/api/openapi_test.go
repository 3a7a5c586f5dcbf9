package api_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDocumentIsValid(t *testing.T) {
	require.NoError(t, loadDoc(t).Validate(context.Background()))
}

func TestEveryRouteIsDocumented(t *testing.T) {
	f := newFixture(t)
	var served, documented []string
	for _, r := range f.server.Routes() {
		served = append(served, r.Method+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}"))
	}
	for path, item := range f.doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(documented)
	assert.Equal(t, documented, served)
}

func TestDocumentIsServed(t *testing.T) {
	f := newFixture(t)
	doc := f.ok(f.get("/api/v1/openapi.json"))
	assert.Equal(t, "3.0.3", doc["openapi"])
	assert.Equal(t, "1.2.3", doc["info"].(map[string]any)["version"])
	assert.Contains(t, doc["paths"], "/api/v1/search")
}

// Every parameter that a handler reads is documented, and the reverse: handlers list what they know when a
// parameter is unknown.
func TestParametersAreDocumented(t *testing.T) {
	f := newFixture(t)
	f.store.fill(1)
	for path, item := range f.doc.Paths.Map() {
		op := item.Get
		if op == nil {
			continue
		}
		var want []string
		for _, p := range op.Parameters {
			if p.Value.In == "query" {
				want = append(want, p.Value.Name)
			}
		}
		if len(want) == 0 {
			continue
		}
		slices.Sort(want)
		url := pathParameter.ReplaceAllString(path, "x")
		if strings.Contains(path, "/exports/{id}") {
			url = pathParameter.ReplaceAllString(path, createExport(f, `{}`))
		}
		a := f.get(url + "?nonsense=1")
		assert.Equal(t, 400, a.status, path)
		assert.Equal(t, "known are "+strings.Join(want, ", "), a.hint(t), path)
	}
}
