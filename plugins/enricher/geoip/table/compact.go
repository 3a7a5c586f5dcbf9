package table

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// The compact form keeps countries only: magic, then deflated: the number of codes and two letters each; for
// IPv4 and for IPv6 the number of ranges, the distances of their starts, their codes. A distance is a uvarint
// whose lowest bit says that it counts the last 8 bits (IPv4) or 16 bits (of the upper half, IPv6) too.
const magic = "logcenter country table 1\n"

// ErrFormat says that data is no compact table.
var ErrFormat = errors.New("not a country table")

// maxRanges bounds what a damaged file can make the reader allocate; the whole Internet has about 400,000.
const maxRanges = 8 << 20

// WriteCompact writes t, of whose places only the countries are kept, which are all different.
func (t *Table) WriteCompact(out io.Writer) error {
	if _, err := io.WriteString(out, magic); err != nil {
		return err
	}
	z, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		return err
	}
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(t.Records)-1))
	for _, r := range t.Records[1:] {
		code := t.Countries[r.Country].Code
		if len(code) != 2 {
			return fmt.Errorf("code %q: want two letters", code)
		}
		b = append(b, code...)
	}
	var start4, start6 []uint64
	var place4, place6 []uint32
	for start, place := range t.nets.Starts() {
		if start.Is4() {
			a := start.As4()
			start4, place4 = append(start4, uint64(binary.BigEndian.Uint32(a[:]))), append(place4, place)
			continue
		}
		a := start.As16()
		start6, place6 = append(start6, binary.BigEndian.Uint64(a[:8])), append(place6, place)
	}
	b = appendRanges(b, start4, place4, 8)
	b = appendRanges(b, start6, place6, 16)
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
	b.Place(Place{})
	codes, err := binary.ReadUvarint(r)
	if err != nil || codes > 26*26 {
		return nil, fmt.Errorf("%w: %d countries, %w", ErrFormat, codes, orDamaged(err))
	}
	for range codes {
		var code [2]byte
		if _, err := io.ReadFull(r, code[:]); err != nil {
			return nil, fmt.Errorf("%w: codes: %w", ErrFormat, err)
		}
		b.Place(Place{Code: string(code[:]), Country: countries[string(code[:])]})
	}
	starts, places, err := readRanges(r, 8, uint32(codes))
	if err != nil {
		return nil, fmt.Errorf("%w: IPv4: %w", ErrFormat, err)
	}
	if starts[len(starts)-1] >= 1<<32 {
		return nil, fmt.Errorf("%w: IPv4: an address of more than 32 bits", ErrFormat)
	}
	b.ranges(starts, places, 1<<32, func(a uint64) netip.Addr {
		var four [4]byte
		binary.BigEndian.PutUint32(four[:], uint32(a))
		return netip.AddrFrom4(four)
	})
	if starts, places, err = readRanges(r, 16, uint32(codes)); err != nil {
		return nil, fmt.Errorf("%w: IPv6: %w", ErrFormat, err)
	}
	b.ranges(starts, places, 0, func(a uint64) netip.Addr {
		var all [16]byte
		binary.BigEndian.PutUint64(all[:8], a)
		return netip.AddrFrom16(all)
	})
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it does not end where it should", ErrFormat)
	}
	return b.Table(), nil
}

// ranges adds ranges that each end where the next one starts, the last one at end.
func (b *Builder) ranges(starts []uint64, places []uint32, end uint64, addr func(uint64) netip.Addr) {
	for i, s := range starts {
		next := end
		if i+1 < len(starts) {
			next = starts[i+1]
		}
		last := addr(next - 1)
		if last.Is6() { // with all of its lower half
			all := last.As16()
			binary.BigEndian.PutUint64(all[8:], ^uint64(0))
			last = netip.AddrFrom16(all)
		}
		_ = b.nets.AddRange(addr(s), last, places[i]) // they ascend
	}
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
