package memo_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/internal/memo"
)

func TestRemembers(t *testing.T) {
	calls := 0
	m := memo.New(func(text []byte) int {
		calls++
		return len(text)
	})
	f := func(text string, want, more int) {
		t.Helper()
		before := calls
		assert.Equal(t, want, m.Of([]byte(text)), text)
		assert.Equal(t, more, calls-before, "calls for %q", text)
	}
	long := strings.Repeat("x", memo.MaxText)
	for _, text := range []string{"", "a", "ab", "abc", "src", "srcPort", "Edge Firewall", "Connection denied by policy", long} {
		f(text, len(text), 1)
		f(text, len(text), 0)
	}
	f(long+"x", memo.MaxText+1, 1)
	f(long+"x", memo.MaxText+1, 1)
}

// More texts than there is room for: answers stay right, and memory bounded.
func TestManyTexts(t *testing.T) {
	calls := 0
	m := memo.New(func(text []byte) string {
		calls++
		return "is " + string(text)
	})
	const texts = 3000
	for range 2 {
		for i := range texts {
			text := fmt.Sprintf("event %d of many", i)
			require.Equal(t, "is "+text, m.Of([]byte(text)))
		}
	}
	remembered := 2*texts - calls
	assert.LessOrEqual(t, remembered, 512)
	assert.Greater(t, remembered, 400, "texts that differ in few bytes should not meet in few slots")
}

func TestConcurrent(t *testing.T) {
	var calls atomic.Int64
	m := memo.New(func(text []byte) byte {
		calls.Add(1)
		return text[0]
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 20000 {
				text := []byte{byte(i), byte(i >> 8), 'x'}
				if got := m.Of(text); got != byte(i) {
					t.Errorf("got %d for %v", got, text)
					return
				}
			}
		})
	}
	all.Wait()
	assert.Positive(t, calls.Load())
}

func TestDoesNotAllocate(t *testing.T) {
	m := memo.New(func(text []byte) int { return len(text) })
	text := []byte("sourceIPv4Address")
	m.Of(text)
	assert.Zero(t, testing.AllocsPerRun(100, func() { m.Of(text) }))
}

var sink int

func BenchmarkOf(b *testing.B) {
	m := memo.New(func(text []byte) int { return len(text) })
	text := []byte("Connection denied by policy")
	b.ReportAllocs()
	for b.Loop() {
		sink = m.Of(text)
	}
}
