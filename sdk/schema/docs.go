package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// docLink is a link in a doc comment: [Name], [pkg.Name].
var docLink = regexp.MustCompile(`\[(\*?[A-Za-z_][\w.]*)\]`)

// Docs reads the doc comments of struct types and their fields from the Go files of a folder, tests left out.
// The keys are package.Type and package.Type.Field. It is for generators: the sources are not there at run time.
func Docs(dir string) (map[string]string, error) {
	docs := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no Go files in %s", dir)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		fileDocs(file, docs)
	}
	return docs, nil
}

func fileDocs(file *ast.File, docs map[string]string) {
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			spec, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			body, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			name := file.Name.Name + "." + spec.Name.Name
			doc := spec.Doc
			if doc == nil {
				doc = gen.Doc
			}
			put(docs, name, doc)
			for _, field := range body.Fields.List {
				doc := field.Doc
				if doc == nil {
					doc = field.Comment
				}
				for _, id := range field.Names {
					if !id.IsExported() {
						continue
					}
					put(docs, name+"."+id.Name, doc)
				}
			}
		}
	}
}

func put(docs map[string]string, key string, doc *ast.CommentGroup) {
	if text := strings.TrimSpace(doc.Text()); text != "" {
		docs[key] = text
	}
}
