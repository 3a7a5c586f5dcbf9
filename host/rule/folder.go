package rule

import (
	"crypto/sha256"
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
func ReadFolder(dir string) ([]*Document, error) { return new(reading).folder(dir) }

// reading goes through files with rules once. What before has read of a file that has not changed is not read anew, as
// thousands of rules take a second.
type reading struct {
	before map[string]file // by path
	files  map[string]file // that were come by
}

// file is what was read of one.
type file struct {
	sum  [sha256.Size]byte
	docs []*Document
	err  error
}

func (r *reading) folder(dir string) ([]*Document, error) {
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
		list, err := r.file(filepath.Join(dir, e.Name()))
		errs = append(errs, err)
		out = append(out, list...)
	}
	return out, errors.Join(errs...)
}

// ReadFile is [Read] of a file.
func ReadFile(path string) ([]*Document, error) { return new(reading).file(path) }

func (r *reading) file(path string) ([]*Document, error) {
	text, err := bounded(path)
	if err != nil {
		return nil, err
	}
	f := file{sum: sha256.Sum256(text)}
	if had, ok := r.before[path]; ok && had.sum == f.sum {
		f = had
	} else {
		f.docs, f.err = Read(path, text)
	}
	if r.files == nil {
		r.files = map[string]file{}
	}
	r.files[path] = f
	return f.docs, f.err
}

// bounded is what a file has, a byte more at most than it may have.
func bounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// readShipped reads the rules of the plugins.
func (s *sources) readShipped() {
	r := reading{before: s.shippedFiles}
	s.shipped, s.shippedFaults = nil, nil
	for _, p := range s.plugins {
		docs, err := r.folder(filepath.Join(p.Dir, Folder))
		s.shippedFaults = append(s.shippedFaults, faults(err)...)
		for _, d := range docs {
			s.shipped = append(s.shipped, written{d, Origin{Source: FromPlugin, Plugin: p.ID, Release: p.Version, File: d.File, Line: d.Line}})
		}
	}
	s.shippedFiles = r.files
}

// readDirectory reads the rules of the admin's folder.
func (s *sources) readDirectory(dir string) error {
	s.directory = nil
	if dir == "" {
		return nil
	}
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("alerts.rules: %w", err)
	}
	r := reading{before: s.directoryFiles}
	docs, err := r.folder(dir)
	s.directoryFiles = r.files
	for _, d := range docs {
		s.directory = append(s.directory, written{d, Origin{Source: FromDirectory, File: d.File, Line: d.Line}})
	}
	return err
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
