// Command inprocess writes a program in which plugins are linked into one process, for benchmarks: what the
// same plugins cost without their isolation. The plugins' sources are copied as they are, but for the name
// of the package and of func main.
//
//	go run ./inprocess OUT PLUGIN-FOLDER...
//
// OUT begins with an underscore, so that ./... does not see it.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"strings"
)

const module = "github.com/logcenter/logcenter"

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: inprocess OUT PLUGIN-FOLDER...")
	}
	out := os.Args[1]
	if err := os.RemoveAll(out); err != nil {
		log.Fatal(err)
	}
	var imports, entries strings.Builder
	for _, dir := range os.Args[2:] {
		id := filepath.Base(dir)
		name := "plugin_" + strings.ReplaceAll(id, "-", "_")
		if err := link(dir, filepath.Join(out, id), name); err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(&imports, "\t%s %q\n", name, module+"/build/"+filepath.Base(out)+"/"+id)
		fmt.Fprintf(&entries, "\t\t%q: %s.Main,\n", id, name)
	}
	source := "package main\n\nimport (\n\t\"os\"\n\n\t\"" + module + "/host/bench\"\n" + imports.String() +
		")\n\nfunc main() {\n\tos.Exit(bench.InProcess(os.Args[1:], map[string]func(){\n" + entries.String() + "\t}))\n}\n"
	if err := os.WriteFile(filepath.Join(out, "main.go"), []byte(source), 0o600); err != nil {
		log.Fatal(err)
	}
}

// link copies the Go files of a plugin, and what they embed, as package name.
func link(from, to, name string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(to, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		if err := rename(path, name); err != nil {
			return err
		}
	}
	return nil
}

func rename(path, name string) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	f.Name.Name = name
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "main" {
			fn.Name.Name = "Main"
		}
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, f); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
