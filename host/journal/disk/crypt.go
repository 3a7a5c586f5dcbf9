package disk

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
)

const (
	keyLen  = 32
	saltLen = 16
	tagLen  = 16

	// boxOverhead is what encryption adds to a body: salt and counter before, tag behind.
	boxOverhead = saltLen + 8 + tagLen

	// mostKeys bounds the derived keys that are kept; there is one for each time the journal was opened.
	mostKeys = 64
)

// box encrypts bodies with AES-256-GCM. An offset may be written twice with different bodies (the first
// attempt is cut off after a crash), so offsets cannot be nonces, and random nonces run out at 2^32
// entries (NIST SP 800-38D, 8.3). So each opening of the journal derives a key of its own from the file's
// key and a random salt, and counts.
type box struct {
	key []byte
	id  string

	// The writer's, used by the committer only.
	salt  [saltLen]byte
	seal  cipher.AEAD
	count uint64

	mu   sync.Mutex
	keys map[[saltLen]byte]cipher.AEAD
}

func newBox(key []byte, id string) (*box, error) {
	b := &box{key: key, id: id, keys: map[[saltLen]byte]cipher.AEAD{}}
	if _, err := rand.Read(b.salt[:]); err != nil {
		return nil, err
	}
	var err error
	b.seal, err = b.derive(b.salt)
	return b, err
}

func (b *box) derive(salt [saltLen]byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, b.key, salt[:], "logcenter journal "+b.id, keyLen)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (b *box) bound(offset uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte(b.id), offset)
}

func nonce(count []byte) []byte {
	return append([]byte{0, 0, 0, 0}, count...)
}

// appendSealed appends the stored form of body to dst.
func (b *box) appendSealed(dst, body []byte, offset uint64) []byte {
	b.count++
	count := binary.LittleEndian.AppendUint64(nil, b.count)
	dst = append(append(dst, b.salt[:]...), count...)
	return b.seal.Seal(dst, nonce(count), body, b.bound(offset))
}

// open decrypts a stored body in place.
func (b *box) open(stored []byte, offset uint64) ([]byte, error) {
	if len(stored) < boxOverhead {
		return nil, fmt.Errorf("an encrypted body of %d bytes is too short", len(stored))
	}
	salt := [saltLen]byte(stored)
	count, text := stored[saltLen:saltLen+8], stored[saltLen+8:]
	b.mu.Lock()
	aead, ok := b.keys[salt]
	if !ok {
		var err error
		if aead, err = b.derive(salt); err != nil {
			b.mu.Unlock()
			return nil, err
		}
		if len(b.keys) >= mostKeys {
			clear(b.keys)
		}
		b.keys[salt] = aead
	}
	b.mu.Unlock()
	body, err := aead.Open(text[:0], nonce(count), text, b.bound(offset))
	if err != nil {
		return nil, fmt.Errorf("%w does not open the entry, or the entry was tampered with", ErrKey)
	}
	return body, nil
}

// keyCheck recognizes a key without telling anything about it.
func keyCheck(key []byte, id string) (string, error) {
	sum, err := hkdf.Key(sha256.New, key, nil, "logcenter journal key check "+id, 16)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// readKey reads a key file; nil for an empty path.
func readKey(path string, logf func(string, ...any)) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w file: %w", ErrKey, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		logf("journal key file %s may be read by others (mode %04o): chmod 0600 it", path, info.Mode().Perm())
	}
	key, ok := parseKey(data)
	if !ok {
		return nil, fmt.Errorf("%w file %s has %d bytes that are no key: it must hold 32 bytes, raw, as 64 hexadecimal digits or in base64",
			ErrKey, path, len(data))
	}
	return key, nil
}

func parseKey(data []byte) ([]byte, bool) {
	if len(data) == keyLen {
		return data, true
	}
	text := string(bytes.TrimSpace(data))
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) == keyLen {
			return key, true
		}
	}
	return nil, false
}
