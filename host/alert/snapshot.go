package alert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// A snapshot file is the magic, the offset it includes, the CRC-32C of the state, and the state.
const (
	snapshotMagic  = "LCS1"
	snapshotHeader = len(snapshotMagic) + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func writeSnapshot(path string, offset uint64, state []byte) (err error) {
	b := append([]byte(nil), snapshotMagic...)
	b = binary.LittleEndian.AppendUint64(b, offset)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(state, castagnoli))
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, state...))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readSnapshot(path string) (state []byte, offset uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	if len(b) < snapshotHeader || string(b[:4]) != snapshotMagic {
		return nil, 0, fmt.Errorf("%s is not a snapshot of this version", path)
	}
	state = b[snapshotHeader:]
	if crc32.Checksum(state, castagnoli) != binary.LittleEndian.Uint32(b[12:]) {
		return nil, 0, fmt.Errorf("%s is damaged: its checksum does not fit", path)
	}
	return state, binary.LittleEndian.Uint64(b[4:]), nil
}
