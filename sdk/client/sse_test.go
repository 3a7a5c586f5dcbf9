package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func FuzzReadSSE(f *testing.F) {
	for _, s := range []string{"", "data: x\n\n", "event: a\r\ndata\r\n\r\n", "data: a\ndata: b\n\ndata: c", ":\n\n\x00\n", "data:\n\n", "event: e\n\ndata: x\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		err := readSSE(strings.NewReader(s), func(string, []byte) error { n++; return nil })
		assert.Error(t, err, "a stream never ends well")
		assert.LessOrEqual(t, n, strings.Count(s, "data"))
		stop := errors.New("stop")
		if n > 0 {
			assert.ErrorIs(t, readSSE(strings.NewReader(s), func(string, []byte) error { return stop }), stop)
		}
	})
}
