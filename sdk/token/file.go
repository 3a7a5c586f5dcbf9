package token

import (
	"crypto/ecdh"
	"encoding/base64"
	"fmt"
	"strings"
)

// Files have lines of "name: value"; those that begin with # are for people.

// MaxFile is how many bytes of a file are looked at.
const MaxFile = 4096

// Text is a key's file. Who has it can make tokens and try values, but open none.
func (k *Key) Text() []byte {
	return fmt.Appendf(nil, "# Logcenter: makes tokens, and opens none. The masking plugin reads it (token_key_file).\nkey: %s\npublic: %s\nsearch: %s\n",
		k.id, base64.StdEncoding.EncodeToString(k.public.Bytes()), base64.StdEncoding.EncodeToString(k.search))
}

// Text is a share's file.
func (s *Share) Text() []byte {
	return fmt.Appendf(nil, "# Logcenter: one of two shares that open tokens together. Nobody but its holder is to have it.\nkey: %s\nholder: %s\nshare: %s\n",
		s.Key, s.Holder, base64.StdEncoding.EncodeToString(s.part))
}

// ParseKey reads a key's file. Errors name the line that is missing or wrong.
func ParseKey(text []byte) (*Key, error) {
	f, err := read(text, "key", "public", "search")
	if err != nil {
		return nil, err
	}
	public, err := f.bytes("public")
	if err != nil {
		return nil, err
	}
	k := &Key{id: f["key"]}
	if k.search, err = f.bytes("search"); err != nil {
		return nil, err
	}
	if k.public, err = ecdh.X25519().NewPublicKey(public); err != nil {
		return nil, fmt.Errorf("public: %w", err)
	}
	if idOf(k.public) != k.id {
		return nil, fmt.Errorf("key: %.32q is not that of the public key, which is %s", k.id, idOf(k.public))
	}
	return k, nil
}

// ParseShare reads a share's file. Errors name the line that is missing or wrong.
func ParseShare(text []byte) (*Share, error) {
	f, err := read(text, "key", "holder", "share")
	if err != nil {
		return nil, err
	}
	s := &Share{Key: f["key"], Holder: f["holder"]}
	s.part, err = f.bytes("share")
	return s, err
}

type file map[string]string

func read(text []byte, names ...string) (file, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxFile)
	}
	f := file{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") {
			f[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	for _, n := range names {
		if f[n] == "" {
			return nil, fmt.Errorf("there is no line %q, as `logcenter masking keygen` writes", n+": …")
		}
	}
	return f, nil
}

func (f file) bytes(name string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(f[name])
	if err != nil || len(b) != keySize {
		return nil, fmt.Errorf("%s: must be %d bytes in base64", name, keySize)
	}
	return b, nil
}
