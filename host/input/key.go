package input

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// MaxKeyBytes bounds the text of an idempotency key.
const MaxKeyBytes = 256

// Key identifies a batch that its sender may send again. The zero Key is none.
type Key [16]byte

// NewKey makes the key of one part of a request: scope is who sends (the name behind the token), text what
// the sender gave, part counts the batches that the request was cut into, from 0. Empty text is no key.
func NewKey(scope, text string, part int) (Key, error) {
	if text == "" {
		return Key{}, nil
	}
	if len(text) > MaxKeyBytes {
		return Key{}, fmt.Errorf("idempotency key has %d bytes; at most %d", len(text), MaxKeyBytes)
	}
	for i := range len(text) {
		if text[i] < 0x20 || text[i] == 0x7F {
			return Key{}, fmt.Errorf("idempotency key has a control character at byte %d", i)
		}
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(part))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(scope)))
	b = append(append(b, scope...), text...)
	sum := sha256.Sum256(b)
	return Key(sum[:16]), nil
}

// IsZero says whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// String is the key as a batch carries it: 32 hexadecimal digits, empty for none.
func (k Key) String() string {
	if k.IsZero() {
		return ""
	}
	return hex.EncodeToString(k[:])
}

// parseKey is the reverse of [Key.String]; false for anything else.
func parseKey(s string) (k Key, ok bool) {
	if len(s) != 2*len(k) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(s))
	return k, err == nil
}

// seen is one key that was stored.
type seen struct {
	key    Key
	offset uint64 // of its entry in the raw journal
	at     uint32 // unix seconds
}

// keySet remembers the newest keys: a ring in the order of storing, and where each key is in it. Keys older
// than the window, and the oldest beyond the bound, are forgotten. About 80 bytes a key.
type keySet struct {
	window    uint32 // seconds
	most      int
	where     map[Key]uint64 // sequence number in ring
	ring      []seen         // length a power of two; entry of sequence number n at n mod length
	head      uint64         // sequence number of the oldest
	tail      uint64         // of the next
	forgotten int64          // younger than the window, for want of room
}

func newKeySet(window time.Duration, most int) *keySet {
	return &keySet{window: uint32(window / time.Second), most: most, where: map[Key]uint64{}, ring: make([]seen, 64)}
}

func (s *keySet) len() int             { return int(s.tail - s.head) }
func (s *keySet) at(n uint64) *seen    { return &s.ring[n&uint64(len(s.ring)-1)] }
func (s *keySet) old(e, now seen) bool { return int64(now.at)-int64(e.at) > int64(s.window) }

// find returns the entry of a key stored within the window.
func (s *keySet) find(k Key, now uint32) (seen, bool) {
	n, ok := s.where[k]
	if !ok || s.old(*s.at(n), seen{at: now}) {
		return seen{}, false
	}
	return *s.at(n), true
}

// add remembers e as the newest and returns its sequence number.
func (s *keySet) add(e seen) uint64 {
	s.expire(e.at)
	if s.len() >= s.most {
		s.forgotten++
		s.pop()
	}
	if s.len() == len(s.ring) {
		grown := make([]seen, 2*len(s.ring))
		for n := s.head; n < s.tail; n++ {
			grown[n&uint64(len(grown)-1)] = *s.at(n)
		}
		s.ring = grown
	}
	n := s.tail
	*s.at(n) = e
	s.where[e.key] = n
	s.tail++
	return n
}

// expire forgets what is older than the window.
func (s *keySet) expire(now uint32) {
	for s.head < s.tail && s.old(*s.at(s.head), seen{at: now}) {
		s.pop()
	}
}

func (s *keySet) pop() {
	if k := s.at(s.head).key; s.where[k] == s.head {
		delete(s.where, k)
	}
	s.head++
}
