package keys_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/keys"
)

func TestLoose(t *testing.T) {
	longest := strings.Repeat("x", keys.MaxLoose)
	table := keys.NewLoose(map[string]int{"src_ip": 1, "dst": 2, longest: 3}, "_-")
	f := func(key string, want int) {
		t.Helper()
		got := table.Get([]byte(key))
		if want == 0 {
			assert.Nil(t, got, key)
			return
		}
		if assert.NotNil(t, got, key) {
			assert.Equal(t, want, *got, key)
		}
	}
	f("src_ip", 1)
	f("SrcIP", 1)
	f("_SRC--IP_", 1)
	f("src.ip", 0)
	f("DST", 2)
	f("dst2", 0)
	f("", 0)
	f("_-_", 0)
	f(longest, 3)
	f(longest[1:]+"_", 0)
	f(longest+"_", 0) // one byte too many
	assert.PanicsWithValue(t, "keys: the key srcip stands twice, in different spellings", func() {
		keys.NewLoose(map[string]int{"src_ip": 1, "srcip": 2}, "_")
	})
	assert.Panics(t, func() { keys.NewLoose(map[string]int{"src_ip": 1, "SRCIP": 2}, "_") })
	assert.Panics(t, func() { keys.NewLoose(map[string]int{longest + "x": 1}, "_") })
	key := []byte("SRC_IP")
	assert.Zero(t, testing.AllocsPerRun(100, func() { table.Get(key) }))
}
