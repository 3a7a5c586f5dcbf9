package scaffold_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/host/scaffold"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
)

func options(id, kind, dir string) scaffold.Options {
	return scaffold.Options{Options: infer.Options{ID: id}, Kind: kind, Dir: dir, SDK: "../.."}
}

// TestKinds builds what is written for every kind, in a module of its own as a vendor's, and runs its tests.
func TestKinds(t *testing.T) {
	kinds := scaffold.Kinds()
	if os.Getenv("LOGCENTER_LONG") == "" {
		kinds = []string{"parser", "notifier"}
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			f, err := scaffold.New(options("my_"+kind, kind, t.TempDir()))
			require.NoError(t, err)
			require.True(t, f.Module)
			require.NoError(t, f.Write(false))
			require.NoError(t, f.Build(t.Context()))
			_, err = manifest.Read(f.Path)
			assert.NoError(t, err)
		})
	}
}

// TestLanguages reads the manifests of all kinds in all languages as the host does.
func TestLanguages(t *testing.T) {
	for _, lang := range scaffold.Langs() {
		for _, kind := range scaffold.Kinds() {
			o := options("our-"+kind+"-"+lang, kind, t.TempDir())
			o.Lang = lang
			f, err := scaffold.New(o)
			require.NoError(t, err)
			require.NoError(t, f.Write(false))
			m, err := manifest.Read(f.Path)
			require.NoError(t, err)
			assert.Equal(t, kind, manifest.KindName(m.Kind))
			assert.Equal(t, lang == "python", m.Runtime == manifest.Python)
			assert.Contains(t, f.Next("."), "logcenter plugin test .")
		}
	}
}

func TestSameLinesSamePlugin(t *testing.T) {
	files, err := filepath.Glob("../../testdata/formats/*.log")
	require.NoError(t, err)
	for _, file := range files {
		var first map[string]string
		for range 5 {
			s, err := infer.ReadSamples(file)
			require.NoError(t, err)
			o := options("same", "parser", t.TempDir())
			o.Samples = s
			f, err := scaffold.New(o)
			require.NoError(t, err, file)
			require.NoError(t, f.Write(false))
			got := map[string]string{}
			for _, name := range []string{"main.go", "plugin.yaml", "README.md"} {
				data, err := os.ReadFile(filepath.Join(f.Path, name))
				require.NoError(t, err)
				got[name] = string(data)
			}
			if first == nil {
				first = got
			}
			assert.Equal(t, first, got, file)
		}
	}
}

func TestFolderIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	f, err := scaffold.New(options("acmefw", "masker", dir))
	require.NoError(t, err)
	require.NoError(t, f.Write(false))
	own := filepath.Join(f.Path, "notes.txt")
	require.NoError(t, os.WriteFile(own, []byte("mine"), 0o600))
	main := filepath.Join(f.Path, "main.go")
	require.NoError(t, os.WriteFile(main, []byte("changed"), 0o600))

	err = f.Write(false)
	var exists *scaffold.ExistsError
	require.ErrorAs(t, err, &exists)
	assert.Equal(t, f.Path+": is there already; choose another name, or write over its files with --force", err.Error())
	data, err := os.ReadFile(main)
	require.NoError(t, err)
	assert.Equal(t, "changed", string(data))

	require.NoError(t, f.Write(true))
	data, err = os.ReadFile(main)
	require.NoError(t, err)
	assert.Contains(t, string(data), "package main")
	assert.FileExists(t, own)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing is left beside the folder")
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		change func(*scaffold.Options)
		want   string
	}{
		{func(o *scaffold.Options) { o.ID = "Acme FW" }, `"Acme FW" is no name of a plugin: want 2 to 64 lower-case letters, digits, '_' and '-', a letter first, e.g. acme_fw`},
		{func(o *scaffold.Options) { o.ID = "7" }, `"7" is no name of a plugin: want 2 to 64 lower-case letters, digits, '_' and '-', a letter first`},
		{func(o *scaffold.Options) { o.ID = "../up" }, `"../up" is no name of a plugin: want 2 to 64 lower-case letters, digits, '_' and '-', a letter first, e.g. up`},
		{func(o *scaffold.Options) { o.Kind = "filter" }, `"filter" is no kind of plugin: want one of parser, enricher, masker, detector, notifier`},
		{func(o *scaffold.Options) { o.Lang = "perl" }, `"perl" is no language of plugins: want one of go, python`},
		{func(o *scaffold.Options) { o.DeviceType = "Fire Wall" }, `"Fire Wall" is no device type: want lower-case letters, digits and '_', as in observer.type, e.g. firewall`},
		{func(o *scaffold.Options) { o.Vendor = "ACME\nfunc init() {" }, `vendor "ACME\nfunc init() {" and product "" are names: want no line ends`},
		{func(o *scaffold.Options) { o.Kind, o.Samples = "masker", &infer.Samples{} }, `samples are for parsers; a plugin of kind masker is not made from lines`},
		{func(o *scaffold.Options) { o.SDK = t.TempDir() }, `is not Logcenter's source: want a folder whose go.mod says module github.com/logcenter/logcenter`},
	} {
		o := options("acmefw", "parser", t.TempDir())
		tt.change(&o)
		_, err := scaffold.New(o)
		require.Error(t, err)
		assert.Contains(t, err.Error(), tt.want)
	}
}

// TestConstantsOfFields proves that the names scaffold makes of fields are those of package ecs.
func TestConstantsOfFields(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../sdk/ecs/fields.go", nil, 0)
	require.NoError(t, err)
	known := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, name := range v.Names {
				known[name.Name] = true
			}
		}
		return true
	})
	for f := ecs.Timestamp; f <= ecs.VulnerabilityID; f++ {
		assert.True(t, known[scaffold.Exported(f.Name())], f.Name())
	}
}
