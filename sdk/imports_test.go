package sdk_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/logcenter/logcenter"

// ours says which folders of the tree the files of a folder may import. A folder always may import itself.
var ours = []struct {
	folder  string
	imports []string
	reason  string
}{
	{"sdk", nil, "sdk is all that a vendor imports"},
	{"plugins", []string{"sdk"}, "a plugin is built as any vendor's"},
	{"examples", []string{"sdk"}, "an example is built as any vendor's plugin"},
	{"grafana", []string{"sdk/client", "sdk/query", "sdk/jsonscan", "sdk/porttest"}, "Grafana's plugin knows Logcenter by its REST API, whose JSON it reads, and its query language; its tests start a host"},
	{"host", []string{"sdk"}, "the host knows plugins by their manifests, as other processes"},
}

// reserved are modules that only some folders know. A folder ending in / stands for what is below it, too.
var reserved = []struct {
	module  string
	folders []string
}{
	// grafana/internal/pluginv2 starts Grafana's plugin as Grafana does; the plugin itself leaves go-plugin to Grafana's SDK.
	{"github.com/hashicorp/go-plugin", []string{"sdk", "sdk/wire", "host/plugin/", "grafana/internal/pluginv2"}},
	{"github.com/hashicorp/go-hclog", []string{"sdk", "sdk/wire", "host/plugin/", "grafana/internal/pluginv2"}},
	{"github.com/gin-gonic/gin", []string{"host/api/", "host/console/"}},
	{"github.com/duckdb", []string{"host/store/embedded/"}},
	{"github.com/apache/arrow-go", []string{"host/store/embedded/"}},
	{"github.com/mattn/go-sqlite3", []string{"host/metadata/"}},
	{"github.com/elastic/go-elasticsearch", []string{"host/store/elastic/"}},
	{"github.com/twmb/franz-go", []string{"host/journal/kafka/", "host/input/"}},
	{"github.com/tidwall/wal", []string{"host/journal/disk/"}}, // its benchmark alone
	{"github.com/spf13/cobra", []string{"host/cmd/"}},
	{"github.com/sirupsen/logrus", []string{"host/"}},
}

// promised is everything outside the standard library that a vendor gets with sdk.
var promised = []string{
	"github.com/hashicorp/go-plugin",
	"github.com/hashicorp/go-hclog",
	"github.com/planetscale/vtprotobuf",
	"golang.org/x/sys",
	"google.golang.org/grpc",
	"google.golang.org/protobuf",
}

// below says whether name is folder or lies in it.
func below(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func anyBelow(name string, folders []string) bool {
	for _, f := range folders {
		if below(name, f) {
			return true
		}
	}
	return false
}

// violation is what is wrong with importing imported in file, a path from the module's root; empty if nothing.
func violation(file, imported string) string {
	dir := path.Dir(file)
	if local, ok := strings.CutPrefix(imported, module+"/"); ok {
		return violationWithin(dir, local)
	}
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "" // the standard library
	}
	for _, r := range reserved {
		if below(imported, r.module) && !reservedFor(dir, r.folders) {
			return "only " + strings.Join(r.folders, ", ") + " may know " + r.module
		}
	}
	if anyBelow(dir, []string{"sdk/document", "sdk/manifest", "sdk/sample"}) && imported == "go.yaml.in/yaml/v3" {
		return "" // they read YAML; no plugin's binary links these packages
	}
	if below(dir, "sdk") && !anyBelow(imported, promised) {
		if strings.HasSuffix(file, "_test.go") && below(imported, "github.com/stretchr/testify") {
			return ""
		}
		return "every vendor would have to take it: sdk may import " + strings.Join(promised, ", ")
	}
	return ""
}

func reservedFor(dir string, folders []string) bool {
	for _, f := range folders {
		if dir == f || strings.HasSuffix(f, "/") && below(dir, strings.TrimSuffix(f, "/")) {
			return true
		}
	}
	return false
}

// violationWithin checks an import of this module, local being its folder.
func violationWithin(dir, local string) string {
	for _, rule := range ours {
		if !below(dir, rule.folder) || anyBelow(local, rule.imports) {
			continue
		}
		// A plugin and an example are folders of their own: plugins/KIND/NAME, examples/NAME.
		self := rule.folder
		switch parts := strings.Split(dir, "/"); {
		case rule.folder == "plugins" && len(parts) >= 3:
			self = path.Join(parts[:3]...)
		case rule.folder == "examples" && len(parts) >= 2:
			self = path.Join(parts[:2]...)
		}
		if !below(local, self) {
			return fmt.Sprintf("%s may import %v of this module: %s", rule.folder, rule.imports, rule.reason)
		}
	}
	return ""
}

// violations are those of one parsed file.
func violations(file string, imports []*ast.ImportSpec) (found []string) {
	for _, spec := range imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			found = append(found, fmt.Sprintf("%s: %v", file, err))
			continue
		}
		if v := violation(file, imported); v != "" {
			found = append(found, fmt.Sprintf("%s imports %s: %s", file, imported, v))
		}
	}
	return found
}

// TestImports keeps the import rules of DESIGN.md. It reads the sources itself, because go test may answer
// from its cache for a test that asks another program.
func TestImports(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "go.mod"))

	files := 0
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(root, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		relative, err := filepath.Rel(root, name)
		for _, v := range violations(filepath.ToSlash(relative), parsed.Imports) {
			t.Error(v)
		}
		return err
	})
	require.NoError(t, err)
	assert.Greater(t, files, 10, "the sources were not found")
}

// skipped says whether a folder holds nothing that is built with this module.
func skipped(root, folder string) bool {
	switch base := filepath.Base(folder); {
	case folder == root:
		return false
	case base == "testdata", base == "node_modules", base[0] == '.', base[0] == '_':
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod")) // a module of its own
	return err == nil
}

func TestImportRulesHold(t *testing.T) {
	for _, tt := range []struct{ file, imports, want string }{
		{"sdk/kv/kv.go", "bytes", ""},
		{"sdk/kv/kv.go", module + "/sdk/ecs", ""},
		{"sdk/kv/kv.go", module + "/host/config", "sdk is all that a vendor imports"},
		{"sdk/kv/kv_test.go", module + "/host/config", "sdk is all that a vendor imports"},
		{"sdk/kv/kv.go", "github.com/stretchr/testify/assert", "every vendor"},
		{"sdk/kv/kv_test.go", "github.com/stretchr/testify/assert", ""},
		{"sdk/config.go", "go.yaml.in/yaml/v3", "every vendor"},
		{"sdk/document/document.go", "go.yaml.in/yaml/v3", ""},
		{"sdk/manifest/manifest.go", "go.yaml.in/yaml/v3", ""},
		{"sdk/sample/sample.go", "go.yaml.in/yaml/v3", ""},
		{"sdk/plugintest/manifest.go", "go.yaml.in/yaml/v4", "every vendor"},
		{"sdk/serve.go", "github.com/hashicorp/go-plugin", ""},
		{"sdk/wire/codec.go", "google.golang.org/grpc/mem", ""},
		{"sdk/wire/shm.go", "golang.org/x/sys/unix", ""},
		{"sdk/plugintest/golden.go", "github.com/hashicorp/go-plugin", "only sdk, sdk/wire, host/plugin/"},

		{"plugins/parser/nginx/main.go", module + "/sdk/wire", ""},
		{"plugins/parser/nginx/main.go", module + "/plugins/parser/nginx/fields", ""},
		{"plugins/parser/nginx/main.go", module + "/plugins/parser/dptech", "as any vendor's"},
		{"plugins/parser/nginx/main.go", module + "/host/query", "as any vendor's"},
		{"plugins/enricher/geoip/main.go", "github.com/oschwald/maxminddb-golang/v2", ""},
		{"plugins/parser/nginx/main.go", "github.com/hashicorp/go-plugin", "only sdk, sdk/wire, host/plugin/"},
		{"examples/acmefw/main.go", module + "/sdk", ""},
		{"examples/acmefw/main.go", module + "/plugins/parser/nginx", "as any vendor's"},
		{"examples/acmefw/main_test.go", module + "/examples/otherfw", "as any vendor's"},

		{"grafana/pkg/query.go", module + "/sdk/client", ""},
		{"grafana/pkg/query.go", module + "/grafana/pkg/frame", ""},
		{"grafana/pkg/query.go", module + "/sdk/query", ""},
		{"grafana/pkg/query.go", module + "/sdk/rule", "REST API"},
		{"grafana/pkg/main.go", "github.com/hashicorp/go-plugin", "grafana/internal/pluginv2"},
		{"grafana/internal/pluginv2/pluginv2.go", "github.com/hashicorp/go-plugin", ""},

		{"host/plugin/start.go", "github.com/hashicorp/go-plugin", ""},
		{"host/plugin/launch/start.go", "github.com/hashicorp/go-plugin", ""},
		{"host/pluginview/view.go", "github.com/hashicorp/go-plugin", "only sdk, sdk/wire, host/plugin/"},
		{"host/pipeline/run.go", module + "/host/plugin", ""},
		{"host/pipeline/run.go", module + "/plugins/parser/nginx", "by their manifests"},
		{"host/pipeline/run_test.go", module + "/examples/acmefw", "by their manifests"},
		{"host/api/search.go", "github.com/gin-gonic/gin", ""},
		{"host/alert/rule.go", "github.com/gin-gonic/gin/binding", "only host/api/, host/console/"},
		{"host/store/embedded/tail.go", "github.com/apache/arrow-go/v18/arrow", ""},
		{"host/store/store.go", "github.com/apache/arrow-go/v18/arrow", "only host/store/embedded/"},
		{"host/query/plan.go", "github.com/duckdb/duckdb-go/v2", "only host/store/embedded/"},
		{"host/report/report.go", "github.com/elastic/go-elasticsearch/v8", "only host/store/elastic/"},
		{"host/output/feed.go", "github.com/twmb/franz-go/pkg/kgo", "only host/journal/kafka/, host/input/"},
	} {
		source := "package p\nimport _ " + strconv.Quote(tt.imports) + "\n"
		parsed, err := parser.ParseFile(token.NewFileSet(), tt.file, source, parser.ImportsOnly)
		require.NoError(t, err)
		found := strings.Join(violations(tt.file, parsed.Imports), "\n")
		if tt.want == "" {
			assert.Empty(t, found)
			continue
		}
		assert.Contains(t, found, tt.want, "%s imports %s", tt.file, tt.imports)
		assert.Contains(t, found, tt.file+" imports "+tt.imports)
	}
}
