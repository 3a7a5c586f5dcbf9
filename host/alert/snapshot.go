package alert

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/logcenter/logcenter/host/durable"
)

// A snapshot file is the magic, the CRC-32C of what follows, the offset it includes, event time there in
// nanoseconds, and the state.
const (
	snapshotMagic  = "LCS2"
	snapshotHeader = len(snapshotMagic) + 4 + 8 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func writeSnapshot(path string, offset uint64, at clock, state []byte) error {
	b := append(make([]byte, 0, snapshotHeader+len(state)), snapshotMagic...)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, offset)
	b = binary.LittleEndian.AppendUint64(b, uint64(at))
	b = append(b, state...)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return durable.Replace(path, b)
}

func readSnapshot(path string) (state []byte, offset uint64, at clock, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, 0, err
	}
	if len(b) < snapshotHeader || string(b[:4]) != snapshotMagic {
		return nil, 0, 0, fmt.Errorf("%s is not a snapshot of this version", path)
	}
	if crc32.Checksum(b[8:], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, 0, 0, fmt.Errorf("%s is damaged: its checksum does not fit", path)
	}
	return b[snapshotHeader:], binary.LittleEndian.Uint64(b[8:]), clock(binary.LittleEndian.Uint64(b[16:])), nil
}
