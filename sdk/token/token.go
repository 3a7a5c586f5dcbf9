// Package token puts tokens in the place of values that must not be stored, so that two people together can tell the
// values again and nobody else can.
//
// Its one idea: a token is the value itself, sealed to a public key whose private key nobody has. That key was split when it
// was made, into a share for each of two people; [Join] makes it of both. No table of values is kept anywhere that could be
// lost or stolen, and who makes tokens cannot open them. Equal values have equal tokens, so that they can be searched,
// counted and correlated.
//
// A value is sealed as in ECIES (SEC 1, section 5.1): X25519 (RFC 7748) with a key pair of its own, HKDF-SHA256 (RFC 5869)
// over the agreed secret, AES-256-GCM. The key pair is made of the value by HMAC-SHA256 with the search key, which is what
// makes equal tokens equal: who has the search key can try whether a token is of a value that they guess, as with a hash.
package token

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Prefix begins every token.
const Prefix = "sealed:"

// MaxValue is how many bytes a value may have: tokens take the place of values in lines.
const MaxValue = 256

const (
	keySize  = 32 // of X25519
	overhead = 16 // of AES-GCM
	purpose  = "logcenter token 1"
)

var encoding = base64.RawURLEncoding

// Key makes tokens. It is safe for concurrent use.
type Key struct {
	id     string
	public *ecdh.PublicKey
	search []byte
}

// ID tells keys apart: 16 hexadecimal digits of the public key's SHA-256.
func (k *Key) ID() string { return k.id }

// Of is the token of a value: always the same, 73 to 413 bytes. Values of no bytes or more than [MaxValue] have none (false).
// It takes about a tenth of a millisecond.
func (k *Key) Of(value []byte) (token string, ok bool) {
	if len(value) == 0 || len(value) > MaxValue {
		return "", false
	}
	mac := hmac.New(sha256.New, k.search)
	mac.Write([]byte(purpose))
	mac.Write(value)
	own, err := ecdh.X25519().NewPrivateKey(mac.Sum(nil))
	if err != nil {
		return "", false
	}
	aead, err := agree(own, k.public, own.PublicKey(), k.public)
	if err != nil {
		return "", false
	}
	sealed := append([]byte(nil), own.PublicKey().Bytes()...)
	sealed = aead.Seal(sealed, make([]byte, aead.NonceSize()), value, nil) // the key is of this value alone
	return Prefix + encoding.EncodeToString(sealed), true
}

// agree is the cipher of a token: private and public agree on a secret, which is bound to both public keys.
func agree(private *ecdh.PrivateKey, public, own, sealing *ecdh.PublicKey) (cipher.AEAD, error) {
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, append(own.Bytes(), sealing.Bytes()...), purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Release opens tokens.
type Release struct{ private *ecdh.PrivateKey }

// ErrOther is the error of what is no token of this key, or was damaged.
var ErrOther = errors.New("this is no token of this key, or it is damaged")

// Open is the value that a token was made of.
func (r *Release) Open(token string) ([]byte, error) {
	sealed, err := encoding.DecodeString(strings.TrimPrefix(token, Prefix))
	if err != nil || !strings.HasPrefix(token, Prefix) || len(sealed) < keySize+overhead {
		return nil, ErrOther
	}
	own, err := ecdh.X25519().NewPublicKey(sealed[:keySize])
	if err != nil {
		return nil, ErrOther
	}
	aead, err := agree(r.private, own, own, r.private.PublicKey())
	if err != nil {
		return nil, ErrOther
	}
	value, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed[keySize:], nil)
	if err != nil {
		return nil, ErrOther
	}
	return value, nil
}

// Is says whether text is a token from its first byte to its last, of whatever key.
func Is(text []byte) bool { return len(text) > 0 && end(text, 0) == len(text) }

// Find returns the tokens in a text, in order.
func Find(text []byte) (tokens []string) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(Prefix))
		if i < 0 {
			return tokens
		}
		from += i
		if to := end(text, from); to > 0 {
			tokens = append(tokens, string(text[from:to]))
			from = to
		} else {
			from += len(Prefix)
		}
	}
}

// end is where the token that begins at i ends, 0 if there is none.
func end(text []byte, i int) int {
	if !bytes.HasPrefix(text[i:], []byte(Prefix)) {
		return 0
	}
	to := i + len(Prefix)
	for to < len(text) && (text[to]-'0' <= 9 || text[to]|0x20-'a' < 26 || text[to] == '-' || text[to] == '_') {
		to++
	}
	n := to - i - len(Prefix)
	if n <= encoding.EncodedLen(keySize+overhead) || n > encoding.EncodedLen(keySize+overhead+MaxValue) {
		return 0
	}
	return to
}

// Share is one of the two parts of a private key. It says nothing without the other.
type Share struct {
	// Key is the ID of the key that it is of.
	Key string
	// Holder is who keeps it.
	Holder string
	part   []byte
}

// Generate makes a key, and the shares of its private key for two holders.
func Generate(holders [2]string) (*Key, [2]*Share, error) {
	var shares [2]*Share
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, shares, err
	}
	k := &Key{public: private.PublicKey(), search: make([]byte, keySize)}
	rand.Read(k.search) // never fails
	k.id = idOf(k.public)
	first := make([]byte, keySize)
	rand.Read(first) // never fails
	second := make([]byte, keySize)
	subtle.XORBytes(second, first, private.Bytes())
	for i, part := range [2][]byte{first, second} {
		shares[i] = &Share{Key: k.id, Holder: holders[i], part: part}
	}
	return k, shares, nil
}

func idOf(public *ecdh.PublicKey) string {
	sum := sha256.Sum256(public.Bytes())
	return hex.EncodeToString(sum[:8])
}

// Join makes the private key of both shares.
func Join(a, b *Share) (*Release, error) {
	switch {
	case a.Key != b.Key:
		return nil, fmt.Errorf("one share is of key %s, the other of %s: two of the same key are needed", a.Key, b.Key)
	case bytes.Equal(a.part, b.part):
		return nil, fmt.Errorf("both shares are that of %s: the other one is needed, too", a.Holder)
	}
	both := make([]byte, keySize)
	subtle.XORBytes(both, a.part, b.part)
	private, err := ecdh.X25519().NewPrivateKey(both)
	if err != nil {
		return nil, err
	}
	if idOf(private.PublicKey()) != a.Key {
		return nil, fmt.Errorf("the shares do not make key %s: one of them was changed", a.Key)
	}
	return &Release{private}, nil
}
