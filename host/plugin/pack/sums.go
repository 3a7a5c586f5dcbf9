package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Sums has the SHA-256 of each file by its name.
type Sums map[string][sha256.Size]byte

// Text is the content of SHA256SUMS.
func (s Sums) Text() []byte {
	var b bytes.Buffer
	for _, name := range sorted(s) {
		sum := s[name]
		fmt.Fprintf(&b, "%x  %s\n", sum, name)
	}
	return b.Bytes()
}

// ParseSums reads SHA256SUMS, strictly: there is one way to write it.
func ParseSums(text []byte) (Sums, error) {
	s := Sums{}
	last := ""
	for n := 1; len(text) > 0; n++ {
		line, rest, ended := bytes.Cut(text, []byte("\n"))
		text = rest
		place := fmt.Sprintf("%s:%d", sumsName, n)
		const digits = 2 * sha256.Size
		if !ended || len(line) < digits+3 || string(line[digits:digits+2]) != "  " {
			return nil, refuse(place, askVendor, "is not a SHA-256 in hexadecimal, two spaces and a name")
		}
		var sum [sha256.Size]byte
		if _, err := hex.Decode(sum[:], line[:digits]); err != nil || hex.EncodeToString(sum[:]) != string(line[:digits]) {
			return nil, refuse(place, askVendor, "is not a SHA-256 in hexadecimal, two spaces and a name")
		}
		name := string(line[digits+2:])
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		switch {
		case unlisted(name):
			return nil, refuse(place, askVendor, "%s cannot be listed", name)
		case name <= last:
			return nil, refuse(place, askVendor, "%s is not behind %s: names are sorted, each once", name, last)
		case len(s) == maxFiles:
			return nil, refuse(place, askVendor, "there are more than %d files", maxFiles)
		}
		s[name], last = sum, name
	}
	if len(s) == 0 {
		return nil, refuse(sumsName, askVendor, "lists nothing")
	}
	return s, nil
}

// faultsTold is how many files Check tells of.
const faultsTold = 8

// Check compares all files of an unpacked package with its SHA256SUMS, and finds those that were added.
func Check(ctx context.Context, dir string, sums Sums) error {
	var errs []error
	for _, name := range sorted(sums) {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := SumFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, refuse(name, "install the package again", "is gone"))
		case err != nil:
			errs = append(errs, err)
		case got != sums[name]:
			errs = append(errs, refuse(name, "install the package again", "was changed: its SHA-256 is %x, not %x", got, sums[name]))
		}
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		name := filepath.ToSlash(rel)
		if _, listed := sums[name]; err != nil || listed || unlisted(name) || strings.HasPrefix(name, ".") {
			return err
		}
		errs = append(errs, refuse(name, "remove it", "is not a file of the package"))
		return nil
	})
	if more := len(errs) - faultsTold; more > 0 {
		errs = append(errs[:faultsTold], fmt.Errorf("and %d files more", more))
	}
	return errors.Join(append(errs, err)...)
}

// SumFile is the SHA-256 of a file.
func SumFile(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// readSmall reads a file that is bounded.
func readSmall(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = refuse(filepath.Base(path), askVendor, "has more than %d bytes", most)
	}
	return b, err
}
