package pack

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logcenter/logcenter/sdk/manifest"
)

// Certificate is what `logcenter plugin test` found. In a package it counts only if it is about the very files of the
// package, by their SHA-256; the package's signature covers it.
type Certificate struct {
	Plugin    string            `json:"plugin"` // id
	Version   string            `json:"version"`
	Kind      string            `json:"kind"`
	SDK       string            `json:"sdk,omitempty"` // language and version
	TestedAt  time.Time         `json:"tested_at"`
	Logcenter string            `json:"logcenter"` // version that tested
	Sums      map[string]string `json:"sums"`      // file → SHA-256 in hexadecimal: manifest, program, samples
	Checks    []CheckResult     `json:"checks"`
	Lines     int               `json:"lines"`     // of the samples
	Fields    int               `json:"fields"`    // that were written
	MsPerMB   float64           `json:"ms_per_mb"` // CPU milliseconds per MB of raw log
	// Parsed is which part of the ordinary lines, those of samples whose names do not begin with bad, a parser takes apart
	// without an error or a bad value, 0 to 1; 0 for other kinds.
	Parsed    float64 `json:"parsed,omitempty"`
	NsPerLine float64 `json:"ns_per_line,omitempty"` // CPU nanoseconds per line of the sample that speed is measured on
}

// CheckResult is one check of a certificate.
type CheckResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

const maxCertificate = 1 << 20

// readCertificate returns the certificate in dir if it is about the files of sums, and else why there is none.
func readCertificate(dir string, m *manifest.Manifest, sums Sums) (c *Certificate, why string) {
	b, err := readSmall(filepath.Join(dir, CertificateName), maxCertificate)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "there is no " + CertificateName
	}
	if err != nil {
		return nil, err.Error()
	}
	c = &Certificate{}
	d := json.NewDecoder(bytes.NewReader(b)) // fields of later versions are let pass
	if err := d.Decode(c); err != nil {
		return nil, CertificateName + " is not JSON: " + err.Error()
	}
	if err := c.match(m, program(dir, m), sums); err != nil {
		return nil, CertificateName + " is out of date: " + err.Error()
	}
	return c, ""
}

// match says why a certificate is not about these files.
func (c *Certificate) match(m *manifest.Manifest, program string, sums Sums) error {
	if c.Plugin != m.ID || c.Version != m.Version {
		return fmt.Errorf("it is about %s %s", c.Plugin, c.Version)
	}
	if c.Sums[manifest.Name] == "" {
		return fmt.Errorf("it does not say which %s was tested", manifest.Name)
	}
	tested := false
	for _, file := range slices.Sorted(maps.Keys(c.Sums)) {
		sum := c.Sums[file]
		if top, _, _ := strings.Cut(file, "/"); path.Base(file) == path.Base(program) && top != "data" && top != "testdata" && top != "rules" {
			if !ofProgram(sums, program, sum) {
				return fmt.Errorf("another program was tested, with the SHA-256 %s", sum)
			}
			tested = true
			continue
		}
		have, ok := sums[file]
		switch {
		case !ok:
			return fmt.Errorf("%s was tested, but is not in the package", file)
		case hex.EncodeToString(have[:]) != sum:
			return fmt.Errorf("%s was changed since the test", file)
		}
	}
	if !tested {
		return errors.New("it does not say which program was tested")
	}
	return nil
}

// ofProgram says whether any of the package's programs has this sum: one of them was tested.
func ofProgram(sums Sums, program, sum string) bool {
	for file, have := range sums {
		if (file == program || strings.HasPrefix(file, programs) && path.Base(file) == path.Base(program)) && hex.EncodeToString(have[:]) == sum {
			return true
		}
	}
	return false
}

// Failed names the checks that were not passed.
func (c *Certificate) Failed() (names []string) {
	for _, r := range c.Checks {
		if !r.OK {
			names = append(names, r.Name)
		}
	}
	return names
}
