// Package pack is the file in which a plugin travels from its vendor to a host: ID-VERSION.lcp.
//
// It is a tar archive under zstd (window of at most 8 MiB) of regular files only. First come
//
//	SHA256SUMS           the SHA-256 of every other file, one line each, sorted by name, as sha256sum writes them
//	SHA256SUMS.minisig   optional: its signature (minisign, ed25519)
//	SHA256SUMS.pub       with it: the signer's public key, by which a host can show who an unknown signer is
//
// and then, sorted by name, what is listed:
//
//	plugin.yaml          the manifest
//	bin/OS-ARCH/NAME     the program for each platform; one that any platform runs, such as a script, is NAME
//	data/ testdata/      what the plugin reads when it runs, and its samples
//	rules/               rules that it ships, for detectors
//	README.md            and LICENSE, CHANGELOG.md
//	certificate.json     optional: what `logcenter plugin test` found of exactly these files
//
// So a reader knows who answers for the bytes before it unpacks one of them, and stops at the first that is not what
// was signed. Owners, times and modes are constants: the same files are the same package, byte for byte. A package
// that is unpacked is a plugin's folder, in which `sha256sum -c SHA256SUMS` tells whether it was changed.
package pack

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/logcenter/logcenter/sdk/manifest"
)

// Ext is the ending of a package's file.
const Ext = ".lcp"

// The files that are not listed in SHA256SUMS, and those with a meaning of their own.
const (
	sumsName        = "SHA256SUMS"
	signatureName   = "SHA256SUMS.minisig"
	keyName         = "SHA256SUMS.pub"
	CertificateName = "certificate.json"
	programs        = "bin/"
)

// What a package may be. What is more is refused while it is read. Sizes are bytes.
const (
	MaxBytes    = 256 << 20 // of the file
	maxUnpacked = 1 << 30
	maxFiles    = 10_000
	maxName     = 240
	maxDepth    = 16
	maxSums     = 4 << 20
	maxSmall    = 4 << 10 // a signature or key
	maxWindow   = 8 << 20 // memory for unpacking
	maxPadding  = 1 << 20 // behind the archive
)

// Error says why a package is refused.
type Error struct {
	Place string // file in the package; empty: the package as a whole
	Msg   string
	Hint  string // what to do; may be empty
	Err   error  // behind it; may be nil
}

// Error is one line: place: message (hint).
func (e *Error) Error() string {
	s := e.Msg
	if e.Place != "" {
		s = e.Place + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns what is behind the error.
func (e *Error) Unwrap() error { return e.Err }

func refuse(place, hint, format string, args ...any) *Error {
	return &Error{Place: place, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// Hints that several refusals share.
const (
	fetchAgain = "get the package again; if it stays so, ask its vendor"
	askVendor  = "ask its vendor for a package that `logcenter plugin package` made"
)

// Package is a package that was unpacked.
type Package struct {
	Dir         string // where it was unpacked
	Manifest    *manifest.Manifest
	Sums        Sums
	Certificate *Certificate // nil: there is none, or it is not about these files
	// Uncertified says why there is no certificate.
	Uncertified string
	Platforms   []string // OS-ARCH, sorted; empty: its program runs everywhere
}

// Name is the file name that the package should have.
func (p *Package) Name() string { return p.Manifest.ID + "-" + p.Manifest.Version + Ext }

// version is what a version may be: it becomes a part of file names.
var version = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)

// Open reads the folder that a package was unpacked into: what it says of itself, and whether it can run on this
// machine. That the files are those that are listed is for [Extract] and [Check] to find out. The fields of the manifest
// become known to this process, as by [manifest.Read].
func Open(dir string) (*Package, error) {
	text, err := readSmall(filepath.Join(dir, sumsName), maxSums)
	if err != nil {
		return nil, err
	}
	p := &Package{Dir: dir}
	if p.Sums, err = ParseSums(text); err != nil {
		return nil, err
	}
	if p.Manifest, err = readManifest(dir, p.Sums); err != nil {
		return nil, err
	}
	if p.Platforms, err = p.platforms(); err != nil {
		return nil, err
	}
	p.Certificate, p.Uncertified = readCertificate(dir, p.Manifest, p.Sums)
	return p, nil
}

func readManifest(dir string, sums Sums) (*manifest.Manifest, error) {
	if _, ok := sums[manifest.Name]; !ok {
		return nil, refuse(manifest.Name, askVendor, "is missing")
	}
	m, err := manifest.Read(dir)
	if err != nil {
		text := strings.TrimPrefix(err.Error(), filepath.Join(dir, manifest.Name)+": ")
		return nil, &Error{Place: manifest.Name, Msg: text, Err: err}
	}
	switch {
	case !version.MatchString(m.Version):
		return nil, refuse(manifest.Name, "e.g. 1.4.0", "version %q: want letters, digits, '.', '+', '-' and '_', at most 64", m.Version)
	case m.ID == reservedID:
		return nil, refuse(manifest.Name, "choose another id", "id %q has a meaning of its own in the API", m.ID)
	}
	if rel, err := filepath.Rel(dir, m.Binary); err != nil || !filepath.IsLocal(rel) {
		return nil, refuse(manifest.Name, "name a file of the package, without a leading / or ..", "binary %q leads out of the package", m.Binary)
	}
	return m, nil
}

// reservedID is the word behind /api/v1/plugins/ that is no plugin's.
const reservedID = "packages"

// program is the name of the program that the manifest in dir names.
func program(dir string, m *manifest.Manifest) string {
	rel, err := filepath.Rel(dir, m.Binary)
	if err != nil { // readManifest has looked
		return m.ID
	}
	rel = filepath.ToSlash(rel)
	if in, ok := strings.CutPrefix(rel, programs); ok { // bin/OS-ARCH/NAME, as the manifest's reader found it
		_, rel, _ = strings.Cut(in, "/")
	}
	return rel
}

// platforms lists those that there is a program for, and refuses a package without one for this machine.
func (p *Package) platforms() ([]string, error) {
	name := program(p.Dir, p.Manifest)
	var list []string
	for file := range p.Sums {
		if in, ok := strings.CutPrefix(file, programs); ok {
			platform, of, _ := strings.Cut(in, "/")
			if of == name {
				list = append(list, platform)
			}
		}
	}
	slices.Sort(list)
	_, everywhere := p.Sums[name]
	switch {
	case everywhere && list == nil:
		return nil, nil
	case list == nil:
		return nil, refuse(programs+manifest.Platform()+"/"+name, askVendor, "there is no program in the package")
	case !slices.Contains(list, manifest.Platform()):
		return nil, refuse(programs+manifest.Platform()+"/"+name, "ask its vendor for one, or build it: logcenter plugin package DIR --platform "+strings.Replace(manifest.Platform(), "-", "/", 1),
			"the package has programs for %s, and this host is %s", strings.Join(list, ", "), manifest.Platform())
	}
	ours := programs + manifest.Platform() + "/" + name
	if err := checkProgram(filepath.Join(p.Dir, filepath.FromSlash(ours)), manifest.Platform()); err != nil {
		return nil, refuse(ours, askVendor, "%v", err)
	}
	return list, nil
}

// IsProgram says whether a file of the package is one that runs.
func (p *Package) IsProgram(name string) bool {
	return strings.HasPrefix(name, programs) || name == program(p.Dir, p.Manifest)
}

// checkName refuses names that could lead out of the folder, hide, or confuse who reads them.
func checkName(name string) error {
	const hint = "names are relative, with / between folders, without . and .. and hidden files; " + askVendor
	shown := fmt.Sprintf("%.80q", name)
	switch {
	case len(name) > maxName:
		return refuse(shown, hint, "is a name of more than %d bytes", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool {
		return r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}):
		return refuse(shown, hint, "is a name with bytes that names do not have")
	case !fs.ValidPath(name) || name == ".":
		return refuse(shown, hint, "is a name that leads out of the package, or is not written plainly")
	case strings.Count(name, "/") >= maxDepth:
		return refuse(shown, hint, "lies more than %d folders deep", maxDepth)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part[0] == '.' {
			return refuse(shown, hint, "is hidden")
		}
	}
	return nil
}

// unlisted says whether a file is about the list, not on it.
func unlisted(name string) bool { return name == sumsName || name == signatureName || name == keyName }

// sorted is the names of sums in their order.
func sorted(sums Sums) []string { return slices.Sorted(maps.Keys(sums)) }
