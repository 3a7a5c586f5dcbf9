package pack

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"aead.dev/minisign"
)

// MinPassword is how many characters a key's password has at least.
const MinPassword = 12

// NewKey makes a key pair for signing packages, as minisign writes them. A password encrypts the private key; empty: it
// is not encrypted, and whoever reads the file can sign.
func NewKey(name, password string) (private, public []byte, err error) {
	pub, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case password == "":
		private, err = key.MarshalText()
	case len(password) < MinPassword:
		err = fmt.Errorf("the password has %d characters, want %d or more", len(password), MinPassword)
	default:
		private, err = minisign.EncryptKey(password, key)
	}
	if err != nil {
		return nil, nil, err
	}
	private = append(bytes.TrimSpace(private), '\n')
	return private, fmt.Appendf(nil, "untrusted comment: %s, minisign public key %s\n%s\n", name, KeyID(pub), pub), nil
}

// ReadKey reads the private key at path, which nobody but its owner may be able to read. Password is asked for if the
// key is encrypted.
func ReadKey(path string, password func() (string, error)) (*minisign.PrivateKey, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the private key %s (%v): chmod 600 %s, and make a new one if somebody may have read it", path, st.Mode().Perm(), path)
	}
	text, err := readSmall(path, maxSmall)
	if err != nil {
		return nil, err
	}
	var key minisign.PrivateKey
	if minisign.IsEncrypted(text) {
		word, err := password()
		if err != nil {
			return nil, fmt.Errorf("the private key %s is encrypted: %w", path, err)
		}
		if key, err = minisign.DecryptKey(word, bytes.TrimSpace(text)); err != nil {
			return nil, fmt.Errorf("the private key %s cannot be decrypted: is the password right?", path)
		}
		return &key, nil
	}
	if err := key.UnmarshalText(bytes.TrimSpace(text)); err != nil {
		return nil, fmt.Errorf("%s is no private key: make one with `logcenter plugin key new NAME`", path)
	}
	return &key, nil
}

// ParsePublicKey reads a public key: the line that begins with RW, or the text of its file.
func ParsePublicKey(text string) (key minisign.PublicKey, err error) {
	text = strings.TrimSpace(text)
	if err := key.UnmarshalText([]byte(text)); err != nil {
		return key, fmt.Errorf("%.80q is no minisign public key: it is the line of the vendor's .pub file that begins with RW, 56 characters", text)
	}
	return key, nil
}

// PublicKeyFrom is ParsePublicKey of a word, or of the file that it names.
func PublicKeyFrom(word string) (key minisign.PublicKey, err error) {
	text, err := readSmall(word, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return ParsePublicKey(word)
	}
	if err != nil {
		return key, err
	}
	if key, err = ParsePublicKey(string(text)); err != nil {
		err = fmt.Errorf("%s: %w", word, err)
	}
	return key, err
}

// KeyID is a key's short name, which proves nothing: 16 hexadecimal digits.
func KeyID(key minisign.PublicKey) string { return fmt.Sprintf("%016X", key.ID()) }

// sign signs SHA256SUMS. The comment is signed, too; the same input has the same signature.
func sign(key *minisign.PrivateKey, sums []byte, comment string) (signature, public []byte, err error) {
	pub, ok := key.Public().(minisign.PublicKey)
	if !ok {
		return nil, nil, errors.New("the private key has no public one")
	}
	r := minisign.NewReader(bytes.NewReader(sums))
	if _, err := r.Read(make([]byte, len(sums)+1)); err != nil {
		return nil, nil, err
	}
	text, err := pub.MarshalText()
	if err != nil {
		return nil, nil, err
	}
	return r.SignWithComments(*key, comment, "signature of "+sumsName), append(text, '\n'), nil
}

// PublicKey is the key that the package says it is signed by; nil if it has none. Whether the signature is by it, is
// for [Signed.By] to say.
func (s Signed) PublicKey() (*minisign.PublicKey, error) {
	if s.Key == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	var key minisign.PublicKey
	if err := key.UnmarshalText(bytes.TrimSpace(s.Key)); err != nil {
		return nil, refuse(keyName, askVendor, "is no minisign public key")
	}
	return &key, nil
}

// KeyID is the [KeyID] that the signature names, and the comment that is signed with it.
func (s Signed) KeyID() (id, comment string, err error) {
	var sig minisign.Signature
	if err := sig.UnmarshalText(s.Signature); err != nil {
		return "", "", refuse(signatureName, askVendor, "is no signature of minisign")
	}
	return fmt.Sprintf("%016X", sig.KeyID), sig.TrustedComment, nil
}

// By says whether the signature is the key's over these sums.
func (s Signed) By(key minisign.PublicKey) bool { return minisign.Verify(key, s.Sums, s.Signature) }

// ReadSigned reads what is signed of a package that was unpacked into dir.
func ReadSigned(dir string) (s Signed, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return s, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	for name, to := range map[string]*[]byte{sumsName: &s.Sums, signatureName: &s.Signature, keyName: &s.Key} {
		b, err := root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && name != sumsName {
			continue
		}
		if err != nil {
			return s, err
		}
		*to = b
	}
	return s, nil
}
