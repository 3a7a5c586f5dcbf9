package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/logcenter/logcenter/sdk/document"
)

// maxFile bounds a configuration file.
const maxFile = 4 << 20

// Error is one thing that is wrong with a configuration file.
type Error = document.Error

// Errors takes the error of [Load] apart: one for everything that is wrong, in the order of the file.
// An error of another kind is returned as one without a place.
func Errors(err error) []*Error { return document.Errors(err) }

// Load reads a configuration file. The error tells everything that is wrong with it, see [Errors].
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, &Error{File: path, Msg: fmt.Sprintf("is larger than %d MiB", maxFile>>20), Hint: "is it a configuration?"}
	}
	return Parse(path, text)
}

// Parse reads a configuration from text; file is its name in errors, and the folder of file is where
// relative paths start.
func Parse(file string, text []byte) (*Config, error) {
	docs, err := document.Read(file, text)
	if err != nil {
		return nil, err
	}
	if len(docs) > 1 {
		return nil, docs[1].At("a second document", "everything stands in one document: remove the line ---")
	}
	doc := document.Empty(file)
	if len(docs) == 1 {
		doc = docs[0]
	}
	c := &Config{}
	if err := doc.Decode(c); err != nil {
		return nil, err
	}
	c.dir, c.document = filepath.Dir(file), doc
	return c, nil
}
