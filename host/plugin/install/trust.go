package install

import (
	"fmt"
	"strings"

	"aead.dev/minisign"

	"github.com/logcenter/logcenter/host/plugin/pack"
)

// Trust says which packages an admin lets in. The zero value lets in none, as it knows no key.
type Trust struct {
	Keys        []Key
	Unsigned    bool // packages without a signature, too
	UnknownKeys bool // packages signed by keys that are not among Keys, too
	Certificate bool // only packages that carry a certificate about their very files, all checks passed
}

// Key is a vendor's public key, as an admin calls it.
type Key struct {
	Name    string
	Public  minisign.PublicKey
	Trusted bool // plugins signed by it may share memory with the host if their manifests ask for it
}

// Signer is who answers for a package.
type Signer struct {
	Name      string // the admin's name for the key; empty: the key is not one of the admin's
	KeyID     string
	PublicKey string // the line that begins with RW; empty: an unknown key that the package does not have
	Trusted   bool
}

// String names the signer for people.
func (s *Signer) String() string {
	switch {
	case s == nil:
		return "nobody"
	case s.Name == "":
		return "unknown key " + s.KeyID
	}
	return s.Name + " (key " + s.KeyID + ")"
}

// Judge returns who signed a package, nil for one that is not signed, or why it is not let in.
func (t Trust) Judge(s pack.Signed) (*Signer, error) {
	if len(s.Signature) == 0 {
		if t.Unsigned {
			return nil, nil //nolint:nilnil // nobody signed it
		}
		return nil, &pack.Error{Msg: "it is not signed", Hint: "ask its vendor for a signed one; plugins.trust.unsigned: allow lets packages in that are not signed"}
	}
	id, _, err := s.KeyID()
	if err != nil {
		return nil, err
	}
	var same []string
	for _, k := range t.Keys {
		if pack.KeyID(k.Public) != id {
			continue
		}
		if s.By(k.Public) {
			return &Signer{Name: k.Name, KeyID: id, PublicKey: k.Public.String(), Trusted: k.Trusted}, nil
		}
		same = append(same, k.Name)
	}
	if same != nil {
		return nil, &pack.Error{
			Place: "SHA256SUMS.minisig", Msg: fmt.Sprintf("names the key %s of %s, but is not its signature of these files", id, strings.Join(same, ", ")),
			Hint: "the package was changed or is forged: get it from its vendor again",
		}
	}
	return t.unknown(s, id)
}

// unknown judges a signature by a key that is not one of the admin's.
func (t Trust) unknown(s pack.Signed, id string) (*Signer, error) {
	carried, err := s.PublicKey()
	if err != nil {
		return nil, err
	}
	signer := &Signer{KeyID: id}
	if carried != nil {
		if !s.By(*carried) {
			return nil, &pack.Error{
				Place: "SHA256SUMS.minisig", Msg: "is not the signature of these files by the key that the package has",
				Hint: "the package was changed: get it from its vendor again",
			}
		}
		signer.PublicKey = carried.String()
	}
	if t.UnknownKeys {
		return signer, nil
	}
	hint := "ask the vendor for the public key and add it to plugins.trust.keys"
	if signer.PublicKey != "" {
		hint = fmt.Sprintf("if the vendor confirms this key, add it to the configuration: plugins: {trust: {keys: [{name: VENDOR, public_key: %s}]}}", signer.PublicKey)
	}
	return nil, &pack.Error{Msg: "it is signed by the key " + id + ", which the configuration does not know", Hint: hint}
}

// certified says why a package's certificate does not do.
func (t Trust) certified(p *pack.Package) error {
	if !t.Certificate {
		return nil
	}
	const hint = "plugins.trust.certificate is required: ask its vendor for one that `logcenter plugin test` has passed"
	if p.Certificate == nil {
		return &pack.Error{Place: pack.CertificateName, Msg: "it has no certificate: " + p.Uncertified, Hint: hint}
	}
	if len(p.Certificate.Checks) == 0 {
		return &pack.Error{Place: pack.CertificateName, Msg: "says that nothing was checked", Hint: hint}
	}
	if failed := p.Certificate.Failed(); failed != nil {
		return &pack.Error{Place: pack.CertificateName, Msg: "says that it failed: " + strings.Join(failed, ", "), Hint: hint}
	}
	return nil
}
