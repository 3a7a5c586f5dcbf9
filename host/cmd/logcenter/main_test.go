package main_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// The hosts of these tests have a few of the plugins beside them: all that are shipped would be started by each.
const (
	programs = "../../../build/e2e"
	binary   = programs + "/logcenter"
)

var beside = []string{"asset", "correlation", "dptech", "f5", "file", "files", "geoip", "logcenter", "masking", "nginx", "nsfocus", "syslog"}

func TestMain(m *testing.M) {
	if err := linkPrograms("../../../bin"); err != nil && !errors.Is(err, fs.ErrNotExist) { // what was not built is skipped
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	estest.Main(m, trial.Clean)
}

// linkPrograms makes the folder programs anew, of what is built in bin.
func linkPrograms(bin string) error {
	if err := os.RemoveAll(programs); err != nil {
		return err
	}
	for _, id := range beside {
		if err := linkTree(bin, programs, filepath.Join("plugins", id)); err != nil {
			return err
		}
	}
	return linkTree(bin, programs, "logcenter")
}

// linkTree links what is at path in one folder into another.
func linkTree(in, into, path string) error {
	return filepath.WalkDir(filepath.Join(in, path), func(from string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(in, from)
		if err != nil {
			return err
		}
		to := filepath.Join(into, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		return os.Link(from, to)
	})
}
