package swar

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func naive(b []byte, i int, stop func(byte) bool) int {
	for ; i < len(b); i++ {
		if stop(b[i]) {
			return i
		}
	}
	return len(b)
}

func TestNeighbours(t *testing.T) {
	// Bytes next to the searched one in value must not be taken for it, at any place in a word.
	for c := range 256 {
		for pad := range 20 {
			b := append(bytes.Repeat([]byte{byte(c)}, pad), ';', byte(c), '=')
			want := pad
			if (c == ';' || c == '=') && pad > 0 {
				want = 0
			}
			require.Equal(t, want, Index2(b, 0, ';', '='))
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("srcip=10.1.2.3;user=a"), uint8(3), byte(';'), byte('='), byte(0x20))
	f.Add([]byte("\x80\x81\x01\x00\xff\x7f\x80\x81\x01"), uint8(0), byte(1), byte(0x80), byte(0x80))
	f.Fuzz(func(t *testing.T, b []byte, at uint8, x, y, least byte) {
		i := min(int(at), len(b))
		least = min(least, 128)
		if got, want := Index(b, i, x), naive(b, i, func(c byte) bool { return c == x }); got != want {
			t.Fatalf("Index: got %d, want %d", got, want)
		}
		if got, want := Index2(b, i, x, y), naive(b, i, func(c byte) bool { return c == x || c == y }); got != want {
			t.Fatalf("Index2: got %d, want %d", got, want)
		}
		if got, want := Index2Below(b, i, x, y, least), naive(b, i, func(c byte) bool { return c == x || c == y || c < least }); got != want {
			t.Fatalf("Index2Below: got %d, want %d", got, want)
		}
	})
}
