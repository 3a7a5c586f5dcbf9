package table

import (
	"encoding/binary"
	"maps"
	"math"
	"net/netip"
	"slices"
)

// mmdbFile makes a file in the MaxMind DB format (https://maxmind.github.io/MaxMind-DB/), version 2.0, of IPv6
// with IPv4 below ::/96 and records of 24 bits: small, and enough to test a reader with.
func mmdbFile(kind string, networks map[string]any) []byte {
	const empty = -1
	type node [2]int // children, or empty, or -2-(offset of data)
	nodes := []node{{empty, empty}}
	var data []byte
	for _, text := range slices.Sorted(maps.Keys(networks)) {
		p := netip.MustParsePrefix(text)
		a, bits := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			four := p.Addr().As4()
			a, bits = [16]byte{12: four[0], 13: four[1], 14: four[2], 15: four[3]}, bits+96
		}
		at := 0
		for i := range bits {
			bit := a[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				nodes[at][bit] = -2 - len(data)
				break
			}
			if nodes[at][bit] < 0 {
				nodes = append(nodes, node{empty, empty})
				nodes[at][bit] = len(nodes) - 1
			}
			at = nodes[at][bit]
		}
		data = appendMMDB(data, networks[text])
	}
	var out []byte
	for _, n := range nodes {
		for _, child := range n {
			switch {
			case child == empty:
				child = len(nodes)
			case child < 0:
				child = len(nodes) + 16 + (-2 - child)
			}
			out = append(out, byte(child>>16), byte(child>>8), byte(child))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return appendMMDB(out, map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1790000000),
		"database_type": kind, "description": map[string]any{"en": "made-up networks"}, "ip_version": uint16(6),
		"languages": []any{"en"}, "node_count": uint32(len(nodes)), "record_size": uint16(24),
	})
}

func appendMMDB(b []byte, v any) []byte {
	head := func(kind, size int) {
		if kind > 7 {
			b = append(b, byte(size), byte(kind-7))
			return
		}
		if size >= 29 {
			b = append(b, byte(kind<<5|29), byte(size-29))
			return
		}
		b = append(b, byte(kind<<5|size))
	}
	number := func(kind int, n uint64, size int) {
		head(kind, size)
		var all [8]byte
		binary.BigEndian.PutUint64(all[:], n)
		b = append(b, all[8-size:]...)
	}
	switch v := v.(type) {
	case string:
		head(2, len(v))
		b = append(b, v...)
	case float64:
		head(3, 8)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	case float32:
		head(15, 4)
		b = binary.BigEndian.AppendUint32(b, math.Float32bits(v))
	case uint16:
		number(5, uint64(v), 2)
	case uint32:
		number(6, uint64(v), 4)
	case uint64:
		number(9, v, 8)
	case map[string]any:
		head(7, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = appendMMDB(appendMMDB(b, k), v[k])
		}
	case []any:
		head(11, len(v))
		for _, e := range v {
			b = appendMMDB(b, e)
		}
	}
	return b
}
