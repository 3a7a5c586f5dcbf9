package number_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/number"
)

func TestUint(t *testing.T) {
	f := func(text string, most int, want int64, ok, digits bool) {
		t.Helper()
		n, got := number.Uint([]byte(text), most)
		assert.Equal(t, want, n, text)
		assert.Equal(t, ok, got, text)
		assert.Equal(t, digits, number.IsDigits([]byte(text)), text)
	}
	f("0", 1, 0, true, true)
	f("007", 3, 7, true, true)
	f("200", 3, 200, true, true)
	f("2000", 3, 0, false, true)
	f("999999999999999999", number.MaxDigits, 999999999999999999, true, true)
	f("9999999999999999999", number.MaxDigits, 0, false, true)
	for _, text := range []string{"", "-1", "+1", "1.5", "1 ", "/", ":", "１"} {
		f(text, 9, 0, false, false)
	}
}
