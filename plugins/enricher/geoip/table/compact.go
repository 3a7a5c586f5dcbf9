package table

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The compact form keeps countries only: magic, then deflated: the number of codes and two letters each; for
// IPv4 and for IPv6 the number of ranges, the distances of their starts, their codes. A distance is a uvarint
// whose lowest bit says that it counts the last 8 bits (IPv4) or 16 bits (of the upper half, IPv6) too.
const magic = "logcenter country table 1\n"

// ErrFormat says that data is no compact table.
var ErrFormat = errors.New("not a country table")

// maxRanges bounds what a damaged file can make the reader allocate; the whole Internet has about 400,000.
const maxRanges = 8 << 20

// WriteCompact writes t, of whose places only the codes are kept.
func (t *Table) WriteCompact(out io.Writer) error {
	if _, err := io.WriteString(out, magic); err != nil {
		return err
	}
	z, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		return err
	}
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(t.Places)-1))
	for _, p := range t.Places[1:] {
		if len(p.Code) != 2 {
			return fmt.Errorf("code %q: want two letters", p.Code)
		}
		b = append(b, p.Code...)
	}
	start4, place4 := t.whole4()
	b = appendRanges(b, start4, place4, 8)
	b = appendRanges(b, t.start6, t.place6, 16)
	if _, err := z.Write(b); err != nil {
		return err
	}
	return z.Close()
}

func appendRanges(b []byte, starts []uint64, places []uint32, low int) []byte {
	b = binary.AppendUvarint(b, uint64(len(starts)))
	last := uint64(0)
	for _, s := range starts {
		d := s - last
		last = s
		if d&(1<<low-1) == 0 {
			b = binary.AppendUvarint(b, d>>low<<1)
		} else {
			b = binary.AppendUvarint(b, d<<1|1)
		}
	}
	for _, p := range places {
		b = binary.AppendUvarint(b, uint64(p))
	}
	return b
}

// ReadCompact reads what WriteCompact wrote. Errors wrap [ErrFormat].
func ReadCompact(data []byte) (*Table, error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("%w: it does not start with %q", ErrFormat, magic)
	}
	r := bufio.NewReaderSize(flate.NewReader(bytes.NewReader(rest)), 64<<10)
	b := NewBuilder()
	codes, err := binary.ReadUvarint(r)
	if err != nil || codes > 26*26 {
		return nil, fmt.Errorf("%w: %d countries, %w", ErrFormat, codes, orDamaged(err))
	}
	for range codes {
		var code [2]byte
		if _, err := io.ReadFull(r, code[:]); err != nil {
			return nil, fmt.Errorf("%w: codes: %w", ErrFormat, err)
		}
		b.t.Places = append(b.t.Places, Place{Code: string(code[:]), Country: Country(string(code[:]))})
	}
	starts, places, err := readRanges(r, 8, uint32(codes))
	if err != nil {
		return nil, fmt.Errorf("%w: IPv4: %w", ErrFormat, err)
	}
	for i, s := range starts {
		if s >= 1<<32 {
			return nil, fmt.Errorf("%w: IPv4: an address of more than 32 bits", ErrFormat)
		}
		b.start4(uint32(s), places[i])
	}
	b.end4 = 1 << 32
	if b.t.start6, b.t.place6, err = readRanges(r, 16, uint32(codes)); err != nil {
		return nil, fmt.Errorf("%w: IPv6: %w", ErrFormat, err)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it does not end where it should", ErrFormat)
	}
	b.full = true
	return b.Table(), nil
}

func orDamaged(err error) error {
	if err == nil {
		return errors.New("damaged")
	}
	return err
}

func readRanges(r *bufio.Reader, low int, codes uint32) (starts []uint64, places []uint32, err error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n == 0 || n > maxRanges {
		return nil, nil, fmt.Errorf("%d ranges: %w", n, orDamaged(err))
	}
	last := uint64(0)
	for i := range n {
		d, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, nil, err
		}
		if d&1 == 0 {
			d = d >> 1 << low
		} else {
			d >>= 1
		}
		if i == 0 && d != 0 || i > 0 && (d == 0 || last+d < last) {
			return nil, nil, errors.New("starts do not ascend from 0")
		}
		last += d
		starts = append(starts, last)
	}
	for range n {
		p, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, nil, err
		}
		if p > uint64(codes) {
			return nil, nil, fmt.Errorf("country %d of %d", p, codes)
		}
		places = append(places, uint32(p))
	}
	return starts, places, nil
}
