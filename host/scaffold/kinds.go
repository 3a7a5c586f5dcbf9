package scaffold

import (
	"io/fs"
	"path"
	"strings"
)

// kindView is what the templates of plugins without samples are filled with.
type kindView struct {
	ID, Kind, Verb, Lang string
}

// verbs name what plugins of a kind do, for the names of their tests.
var verbs = map[string]string{"parser": "Parse", "enricher": "Enrich", "masker": "Mask", "detector": "Detect"}

// kind adds the files of templates/KIND; those that end in .tmpl are filled in, the others are copied.
func (f *Folder) kind(o Options) error {
	v := kindView{o.ID, o.Kind, verbs[o.Kind], f.Lang}
	root := "templates/" + o.Kind
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		target := strings.TrimPrefix(name, root+"/")
		if f.Lang == "python" && strings.Contains(target, ".go.") {
			return nil
		}
		if text, ok := strings.CutSuffix(target, ".tmpl"); ok {
			return f.render(text, name, v)
		}
		f.files[target], err = files.ReadFile(name)
		return err
	})
	if err != nil {
		return err
	}
	if f.Lang == "python" {
		if err := f.render("main.py", "templates/python/"+o.Kind+".py.tmpl", v); err != nil {
			return err
		}
		if o.Kind == "detector" { // durations are seconds there
			if err := f.render("testdata/failures.config.yaml", "templates/python/detector.config.yaml", v); err != nil {
				return err
			}
			if err := f.render("README.md", "templates/python/detector.README.md.tmpl", v); err != nil {
				return err
			}
		}
		return f.render("requirements.txt", "templates/python/requirements.txt", v)
	}
	if _, ok := f.files["main_test.go"]; ok {
		return nil
	}
	return f.render("main_test.go", path.Join("templates", "main_test.go.tmpl"), v)
}
