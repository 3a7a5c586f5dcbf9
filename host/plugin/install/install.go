// Package install keeps the plugins that were installed from packages, and which of them are active.
//
//	DIR/ID/VERSION-DIGEST12/      a package, unpacked; the digest is the SHA-256 of its file
//	DIR/ID/VERSION-DIGEST12/.installed.json   when it was installed, and by whom
//	DIR/state.json                per id: the active digest, the one before, whether an admin enabled or disabled it
//	DIR/*.tmp                     what is being installed or removed; Open removes what a crash has left
//	DIR/lock                      one process uses the folder at a time
//
// The one idea: a package is checked as a whole and brought onto the disk under a name that counts for nothing, and one
// renaming makes it installed. So after a crash it is there whole or not at all. Installing activates nothing; what is
// active is one small file that is replaced as a whole.
//
// Nothing here starts a plugin: package plugin does, from the folders of what [Store.Chosen] names.
package install

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logcenter/logcenter/host/durable"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/pack"
	"github.com/logcenter/logcenter/sdk/manifest"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrNotFound means that no such package is installed.
	ErrNotFound = errors.New("no such package is installed")
	// ErrActive means that a package is active, so that it cannot be removed.
	ErrActive = errors.New("the package is active")
	// ErrInUse means that another process uses the folder, which is a running host.
	ErrInUse = errors.New("the folder of installed plugins is in use by a running host")
)

const (
	recordName  = ".installed.json"
	stateName   = "state.json"
	lockName    = "lock"
	digestShown = 12   // hexadecimal digits in the name of a folder
	maxPackages = 1000 // that are installed at once
)

// Installed is one package that is installed. It is not changed once it is handed out.
type Installed struct {
	ID      string
	Version string
	Digest  string // SHA-256 of the package's file, in hexadecimal
	Dir     string // its folder, which is the plugin's

	Kind        string
	Hold        bool // an enricher that events wait for
	Description string
	Permissions []string // see plugin.Permissions
	Platforms   []string // OS-ARCH; empty: all
	Size        int64    // of the package's file in bytes
	At          time.Time
	By          string // who installed it

	Signer      *Signer           // nil: it is not signed
	Certificate *pack.Certificate // nil: it has none
	// Refused says why today's policy does not let it in, or what is wrong with its folder; nil: it may be activated.
	Refused error

	trust Trust // by which Check judges
}

// Label is how logs and errors name it.
func (i *Installed) Label() string {
	return i.ID + " " + i.Version + " (" + i.Digest[:digestShown] + ")"
}

// record is what is kept of a package beside its files.
type record struct {
	ID          string    `json:"id"`
	Version     string    `json:"version"`
	Digest      string    `json:"digest"`
	Kind        string    `json:"kind"`
	Hold        bool      `json:"hold,omitempty"`
	Description string    `json:"description,omitempty"`
	Permissions []string  `json:"permissions"`
	Platforms   []string  `json:"platforms,omitempty"`
	Size        int64     `json:"size"`
	At          time.Time `json:"installed_at"`
	By          string    `json:"installed_by"`
	// Certificate is kept as it was found at installing: about these files.
	Certificate *pack.Certificate `json:"certificate,omitempty"`
}

// Store is the folder of installed packages. Safe for concurrent use.
type Store struct {
	dir   string
	trust Trust
	lock  *os.File

	mu       sync.Mutex
	packages map[string]*Installed // by digest
	state    map[string]*state     // by id
	now      func() time.Time
}

// Open opens the folder, which is made if it is missing, and removes what a crash has left. [ErrInUse] if another
// process has it open. A package that cannot be used any more is no error: [Installed.Refused] says why.
func Open(dir string, trust Trust) (*Store, error) {
	if err := durable.MakeDir(dir); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, trust: trust, lock: lock, packages: map[string]*Installed{}, now: time.Now}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// Close lets others open the folder.
func (s *Store) Close() error { return s.lock.Close() }

func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s: %w", filepath.Dir(path), ErrInUse)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// load reads what is there, and sweeps.
func (s *Store) load() (err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), durable.Suffix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return err
		}
	}
	list, err := readFolders(s.dir, s.trust)
	if err != nil {
		return err
	}
	for _, p := range list {
		s.packages[p.Digest] = p
	}
	s.state, err = readState(filepath.Join(s.dir, stateName))
	return err
}

// Look lists what is installed in a folder, as [Store.List] does, without opening it: a host may be using it.
func Look(dir string, trust Trust) ([]*Installed, error) {
	list, err := readFolders(dir, trust)
	if err == nil {
		order(list)
	}
	return list, err
}

func readFolders(dir string, trust Trust) (list []*Installed, err error) {
	ids, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !id.IsDir() || strings.HasSuffix(id.Name(), durable.Suffix) { // is being installed
			continue
		}
		versions, err := os.ReadDir(filepath.Join(dir, id.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, v := range versions {
			p, err := readInstalled(filepath.Join(dir, id.Name(), v.Name()), trust)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				continue // removed meanwhile, or nothing of ours
			}
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	}
	return list, nil
}

// readInstalled reads what is known of the package in a folder. Its files are not read, but for what is signed.
func readInstalled(dir string, trust Trust) (*Installed, error) {
	b, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return nil, err
	}
	var r record
	err = json.Unmarshal(b, &r)
	if err == nil && len(r.Digest) != 64 {
		err = fmt.Errorf("digest %q is no SHA-256", r.Digest)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read (%w): remove the folder %s and install the package again", filepath.Join(dir, recordName), err, dir)
	}
	p := r.installed(dir, trust)
	_, p.Signer, p.Refused = p.admitted()
	return p, nil
}

// admitted judges a package by what is signed of it now, and by the certificate that it was installed with.
func (i *Installed) admitted() (pack.Signed, *Signer, error) {
	signed, err := pack.ReadSigned(i.Dir)
	if err != nil {
		return signed, nil, err
	}
	signer, err := i.trust.Judge(signed)
	if err == nil {
		err = i.trust.certified(&pack.Package{Certificate: i.Certificate, Uncertified: "it was installed without one"})
	}
	return signed, signer, err
}

func (r *record) installed(dir string, trust Trust) *Installed {
	return &Installed{
		ID: r.ID, Version: r.Version, Digest: r.Digest, Dir: dir, trust: trust, Kind: r.Kind, Hold: r.Hold, Description: r.Description, Permissions: r.Permissions,
		Platforms: r.Platforms, Size: r.Size, At: r.At, By: r.By, Certificate: r.Certificate,
	}
}

// Install unpacks a package, checks all of it, and installs it for by, a person's name; a package that is there already
// stays as it is, unless its folder is damaged: then it gets a new one. Nothing is activated. A refusal is a [*pack.Error]; nothing is left of what was refused.
func (s *Store) Install(ctx context.Context, r io.Reader, by string) (*Installed, error) {
	tmp, err := os.MkdirTemp(s.dir, "package-*"+durable.Suffix)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // the next Open tries again
	p, err := unpack(ctx, r, tmp, s.trust)
	if err != nil {
		return nil, err
	}
	p.At, p.By = s.now().UTC().Truncate(time.Second), by
	have, ok := s.Get(p.Digest)
	if ok && have.Check(ctx) == nil {
		return have, nil
	}
	if err := settle(p); err != nil {
		return nil, err
	}
	return s.adopt(p, have)
}

// Inspect is all of Install but the installing: whose package it is, and whether it would be let in. It is unpacked into
// dir, an empty folder that the caller removes.
func (s *Store) Inspect(ctx context.Context, r io.Reader, dir string) (*Installed, error) {
	return Inspect(ctx, r, dir, s.trust)
}

// Inspect is [Store.Inspect] by a policy, for who has no store.
func Inspect(ctx context.Context, r io.Reader, dir string, trust Trust) (*Installed, error) {
	return unpack(ctx, r, dir, trust)
}

// unpack makes dir the folder of a package.
func unpack(ctx context.Context, r io.Reader, dir string, trust Trust) (*Installed, error) {
	size := &measured{r: r}
	var signer *Signer
	digest, err := pack.Extract(ctx, size, dir, func(s pack.Signed) (err error) {
		signer, err = trust.Judge(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err := pack.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := trust.certified(p); err != nil {
		return nil, err
	}
	if err := runnable(p); err != nil {
		return nil, err
	}
	m := p.Manifest
	rec := record{
		ID: m.ID, Version: m.Version, Digest: hex.EncodeToString(digest[:]), Kind: manifest.KindName(m.Kind), Hold: m.Hold, Description: m.Description,
		Permissions: plugin.Permissions(m), Platforms: p.Platforms, Size: size.n, Certificate: p.Certificate,
	}
	in := rec.installed(dir, trust)
	in.Signer = signer
	return in, nil
}

// measured counts what is read.
type measured struct {
	r io.Reader
	n int64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// settle writes the record of an unpacked package and brings all of it onto the disk.
func settle(p *Installed) error {
	rec := record{
		ID: p.ID, Version: p.Version, Digest: p.Digest, Kind: p.Kind, Hold: p.Hold, Description: p.Description, Permissions: p.Permissions,
		Platforms: p.Platforms, Size: p.Size, At: p.At, By: p.By, Certificate: p.Certificate,
	}
	b, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.Write(filepath.Join(p.Dir, recordName), append(b, '\n')); err != nil {
		return err
	}
	return filepath.WalkDir(p.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() == recordName {
			return err
		}
		return durable.Sync(path)
	})
}

// adopt gives a settled package its place, which one that is damaged may have; nil: there is none.
func (s *Store) adopt(p, damaged *Installed) (*Installed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.packages[p.Digest]
	if have != nil && have != damaged { // another request was faster
		return have, nil
	}
	if have == nil && len(s.packages) >= maxPackages {
		return nil, &pack.Error{Msg: fmt.Sprintf("there are %d packages installed already", maxPackages), Hint: "remove some that are not used: `logcenter plugin list --installed`"}
	}
	of := filepath.Join(s.dir, p.ID)
	if err := durable.MakeDir(of); err != nil {
		return nil, err
	}
	to := filepath.Join(of, p.Version+"-"+p.Digest[:digestShown])
	gone := filepath.Join(s.dir, "replaced-"+filepath.Base(p.Dir))
	switch err := os.Rename(to, gone); { // what is damaged, or a folder without a record, which nobody knows
	case err == nil:
		defer func() { _ = os.RemoveAll(gone) }() // the next Open tries again
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.Rename(p.Dir, to); err != nil {
		return nil, err
	}
	if err := durable.Sync(of); err != nil {
		return nil, err
	}
	placed := *p
	placed.Dir = to
	s.packages[p.Digest] = &placed
	return &placed, nil
}

// Get finds a package by its digest, of which the first 12 digits do.
func (s *Store) Get(digest string) (*Installed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(digest)
}

func (s *Store) get(digest string) (*Installed, bool) {
	if p := s.packages[digest]; p != nil {
		return p, true
	}
	if len(digest) < digestShown {
		return nil, false
	}
	for have, p := range s.packages {
		if strings.HasPrefix(have, digest) {
			return p, true
		}
	}
	return nil, false
}

// List returns all packages, by id, the newest first.
func (s *Store) List() []*Installed {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.packages))
	order(list)
	return list
}

func order(list []*Installed) {
	slices.SortFunc(list, func(a, b *Installed) int {
		if a.ID != b.ID {
			return strings.Compare(a.ID, b.ID)
		}
		if !a.At.Equal(b.At) {
			return b.At.Compare(a.At)
		}
		return strings.Compare(a.Digest, b.Digest)
	})
}

// Newest returns the package of an id that was installed last.
func (s *Store) Newest(id string) (*Installed, bool) {
	for _, p := range s.List() {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

// At returns the package that was unpacked into a folder.
func (s *Store) At(dir string) (*Installed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.packages {
		if p.Dir == dir {
			return p, true
		}
	}
	return nil, false
}

// Remove removes a package. [ErrActive] if it is active.
func (s *Store) Remove(id, digest string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.get(digest)
	if !ok || p.ID != id {
		return fmt.Errorf("%s %s: %w", id, digest, ErrNotFound)
	}
	if st := s.state[id]; st != nil && st.Active == p.Digest {
		return fmt.Errorf("%s: %w", p.Label(), ErrActive)
	}
	if st := s.state[id]; st != nil && st.Previous == p.Digest {
		if err := s.change(id, func(st *state) { st.Previous = "" }); err != nil {
			return err
		}
	}
	gone := filepath.Join(s.dir, "removed-"+p.Digest+durable.Suffix)
	if err := os.Rename(p.Dir, gone); err != nil && !errors.Is(err, fs.ErrNotExist) { // somebody removed it by hand
		return err
	}
	delete(s.packages, p.Digest)
	_ = os.Remove(filepath.Join(s.dir, id)) // fails while there are others of the id
	if err := durable.Sync(s.dir); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}
