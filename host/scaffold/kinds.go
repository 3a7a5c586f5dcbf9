package scaffold

import (
	"io/fs"
	"path"
	"strings"
)

// kindView is what the templates of plugins without samples are filled with.
type kindView struct {
	ID, Kind, Verb string
}

// verbs name what plugins of a kind do, for the names of their tests.
var verbs = map[string]string{"parser": "Parse", "enricher": "Enrich", "masker": "Mask", "detector": "Detect"}

// kind adds the files of templates/KIND; those that end in .tmpl are filled in, the others are copied.
func (f *Folder) kind(o Options) error {
	v := kindView{o.ID, o.Kind, verbs[o.Kind]}
	root := "templates/" + o.Kind
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		target := strings.TrimPrefix(name, root+"/")
		if text, ok := strings.CutSuffix(target, ".tmpl"); ok {
			return f.render(text, name, v)
		}
		f.files[target], err = files.ReadFile(name)
		return err
	})
	if err != nil {
		return err
	}
	if _, ok := f.files["main_test.go"]; ok {
		return nil
	}
	return f.render("main_test.go", path.Join("templates", "main_test.go.tmpl"), v)
}
