package rule

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/logcenter/logcenter/sdk/document"
)

// Folder is where a plugin's folder has the rules that it ships.
const Folder = "rules"

// written is a document with where it comes from.
type written struct {
	*Document
	origin Origin
}

// ReadFolder returns the rules of the files *.yaml and *.yml in a folder, in the order of their names. The error tells
// everything that is wrong; what is right comes beside it. A folder that is not there has none.
func ReadFolder(dir string) ([]*Document, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*Document
	var errs []error
	files := 0
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		if files++; files > maxFiles {
			errs = append(errs, document.Empty(dir).At(fmt.Sprintf("has more than %d files with rules", maxFiles), "put more rules into each"))
			break
		}
		list, err := ReadFile(filepath.Join(dir, e.Name()))
		errs = append(errs, err)
		out = append(out, list...)
	}
	return out, errors.Join(errs...)
}

// ReadFile is [Read] of a file.
func ReadFile(path string) ([]*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Read(path, text)
}

// shipped reads the rules of plugins.
func shipped(plugins []Plugin) (list []written, problems []Problem) {
	for _, p := range plugins {
		docs, err := ReadFolder(filepath.Join(p.Dir, Folder))
		problems = append(problems, faults(err)...)
		for _, d := range docs {
			list = append(list, written{d, Origin{Source: FromPlugin, Plugin: p.ID, Release: p.Version, File: d.File, Line: d.Line}})
		}
	}
	return list, problems
}

// kept reads the rules of the admin's folder.
func kept(dir string) (list []written, err error) {
	if dir == "" {
		return nil, nil
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("alerts.rules: %w", err)
	}
	docs, err := ReadFolder(dir)
	for _, d := range docs {
		list = append(list, written{d, Origin{Source: FromDirectory, File: d.File, Line: d.Line}})
	}
	return list, err
}

// faults are an error of reading files as problems.
func faults(err error) (list []Problem) {
	for _, e := range document.Errors(err) {
		list = append(list, Problem{Msg: e.Error()})
		if e.File == "" {
			list[len(list)-1].Msg = e.Msg
		}
	}
	return list
}

// Plugin is one that may ship rules.
type Plugin struct{ ID, Version, Dir string }
