package memo_test

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/memo"
)

func TestWorkedOutOnce(t *testing.T) {
	calls := 0
	table := memo.New(func(word []byte) string {
		calls++
		return string(bytes.ToLower(word))
	})
	for _, word := range []string{"LOGIN", "LOGOUT", "", "登录", "Login"} {
		before := calls
		for range 3 {
			assert.Equal(t, strings.ToLower(word), table.Of([]byte(word)))
		}
		assert.Equal(t, before+1, calls, word)
	}
}

// The caller's bytes change behind the call, as those of batches do.
func TestKeepsNoBytesOfTheCaller(t *testing.T) {
	table := memo.New(func(word []byte) int { return len(word) })
	b := []byte("abc")
	require.Equal(t, 3, table.Of(b))
	copy(b, "xyz")
	calls := 0
	other := memo.New(func([]byte) int { calls++; return calls })
	assert.Equal(t, 1, other.Of([]byte("abc")))
	assert.Equal(t, 2, other.Of(b))
	assert.Equal(t, 1, other.Of([]byte("abc")))
}

// Lines with ever new words neither fill the memory nor drive out the words that came first.
func TestBounded(t *testing.T) {
	calls := map[string]int{}
	table := memo.New(func(word []byte) string {
		calls[string(word)]++
		return string(word)
	})
	table.Of([]byte("first"))
	for range 2 {
		for i := range 5000 {
			word := strconv.Itoa(i)
			require.Equal(t, word, table.Of([]byte(word)))
		}
	}
	long := strings.Repeat("x", 200)
	for range 2 {
		assert.Equal(t, long, table.Of([]byte(long)))
		table.Of([]byte("first"))
	}
	kept := 0
	for _, n := range calls {
		if n == 1 {
			kept++
		}
	}
	assert.Equal(t, 512, kept)
	assert.Equal(t, 1, calls["first"])
	assert.Equal(t, 2, calls[long])
}

func TestConcurrent(t *testing.T) {
	var wrong atomic.Int32
	table := memo.New(func(word []byte) string { return string(word) })
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 4000 {
				word := strconv.Itoa((i*7 + g) % 700)
				if table.Of([]byte(word)) != word {
					wrong.Add(1)
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, wrong.Load())
}

func TestNoAllocation(t *testing.T) {
	table := memo.New(func(word []byte) struct{ a, b string } { return struct{ a, b string }{string(word), "x"} })
	word := []byte("SECLOG/6/SESSION_BUILT")
	table.Of(word)
	assert.Zero(t, testing.AllocsPerRun(100, func() { table.Of(word) }))
}

func BenchmarkOf(b *testing.B) {
	table := memo.New(func(word []byte) int { return len(word) })
	words := [][]byte{[]byte("SourceIP"), []byte("DestinationIP"), []byte("Protocol"), []byte("application-name")}
	n := 0
	for b.Loop() {
		for _, w := range words {
			n += table.Of(w)
		}
	}
	if n == 0 {
		b.Fatal("nothing found")
	}
}
