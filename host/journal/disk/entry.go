package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// An entry in a segment is its length (unsigned varint) and then, little-endian:
//
//	 0  magic "LJ", version 1, flags (bit 0: body is encrypted)
//	 4  length of the stored body
//	 8  offset of this entry
//	16  newest offset that was durable when this entry was written
//	24  CRC-32C of journal id and bytes 0 to 24
//	28  CRC-32C of journal id, bytes 0 to 24 and stored body
//	32  stored body
//
// The header has a checksum of its own so that looking for an entry need not read bodies. The journal's
// id is part of both, so that an entry of another journal, or one that a log line imitates, is not
// taken for ours.
const (
	headerLen = 32

	flagEncrypted = 1
)

var (
	magic = []byte{'L', 'J', 1}
	crcs  = crc32.MakeTable(crc32.Castagnoli)

	errTorn = errors.New("entry is cut short")
)

type header struct {
	flags   byte
	length  int // of the stored body
	offset  uint64
	durable uint64
	sum     uint32 // of the header itself
}

func seedOf(id string) uint32 { return crc32.Checksum([]byte(id), crcs) }

// putHeader writes the header of an entry with such a stored body.
func putHeader(head, stored []byte, seed uint32, flags byte, offset, durable uint64) {
	copy(head, magic)
	head[3] = flags
	binary.LittleEndian.PutUint32(head[4:], uint32(len(stored))) // bounded by Options
	binary.LittleEndian.PutUint64(head[8:], offset)
	binary.LittleEndian.PutUint64(head[16:], durable)
	sum := crc32.Update(seed, crcs, head[:24])
	binary.LittleEndian.PutUint32(head[24:], sum)
	binary.LittleEndian.PutUint32(head[28:], crc32.Update(sum, crcs, stored))
}

// parseHeader checks a header without looking at the body; frame may be longer or shorter than the entry.
func parseHeader(frame []byte, seed uint32) (header, error) {
	if len(frame) < headerLen {
		return header{}, errTorn
	}
	h := header{
		flags:   frame[3],
		length:  int(binary.LittleEndian.Uint32(frame[4:])),
		offset:  binary.LittleEndian.Uint64(frame[8:]),
		durable: binary.LittleEndian.Uint64(frame[16:]),
		sum:     binary.LittleEndian.Uint32(frame[24:]),
	}
	switch {
	case !bytes.HasPrefix(frame, magic):
		return h, errors.New("no entry begins here")
	case h.sum != crc32.Update(seed, crcs, frame[:24]):
		return h, errors.New("checksum of the header does not match")
	case h.flags&^flagEncrypted != 0:
		return h, fmt.Errorf("unknown flags %#x", h.flags)
	}
	return h, nil
}

// parseEntry checks a whole entry: what it says about itself, its offset and its checksum.
func parseEntry(frame []byte, seed uint32, offset uint64) (header, error) {
	h, err := parseHeader(frame, seed)
	if err != nil {
		return h, err
	}
	if h.length != len(frame)-headerLen {
		return h, fmt.Errorf("entry says it has %d bytes, its frame %d", h.length, len(frame)-headerLen)
	}
	if h.offset != offset {
		return h, fmt.Errorf("entry says it is number %d", h.offset)
	}
	if crc32.Update(h.sum, crcs, frame[headerLen:]) != binary.LittleEndian.Uint32(frame[28:]) {
		return h, errors.New("checksum does not match")
	}
	return h, nil
}

// splitRecord takes the first record off data: the entry, and the record's length with its
// prefix. errTorn if data ends within it; then n is what the record needs, 0 if not even that is known.
func splitRecord(data []byte) (frame []byte, n int, err error) {
	size, p := binary.Uvarint(data)
	switch {
	case p == 0:
		return nil, 0, errTorn
	case p < 0 || size > mostEntryBytes+headerLen+boxOverhead:
		return nil, 0, errors.New("impossible length")
	case size < headerLen:
		return nil, 0, fmt.Errorf("length %d is less than a header", size)
	}
	n = p + int(size)
	if n > len(data) {
		return nil, n, errTorn
	}
	return data[p:n], n, nil
}

// recordLen is what an entry of so many bytes takes in a segment.
func recordLen(frame int) int64 {
	var b [binary.MaxVarintLen64]byte
	return int64(binary.PutUvarint(b[:], uint64(frame)) + frame)
}
