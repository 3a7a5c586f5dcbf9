package keys_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/keys"
)

// odd are words that have their ends in common, of all lengths that are told apart in another way.
func odd() map[string]int {
	words := map[string]int{}
	for _, w := range []string{
		"a", "b", "A", "ab", "ba", "aab", "aba", "abb", "abab", "abba", "srcip", "srcport", "src_port", "SRC_PORT",
		"source_address_1", "source_address_2", "very_long_key_with_a_1_in_the_middle", "very_long_key_with_a_2_in_the_middle",
		"very_long_key_with_a_22_in_the_middle", "源地址", "目的地址", "[x]", "{x}", "@x", "`x", "\x00", "\x20", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		words[w] = len(words)
	}
	for i := range 500 {
		words[fmt.Sprint("key_", i)] = len(words)
	}
	return words
}

func TestTableFindsItsKeysAndNoOthers(t *testing.T) {
	words := odd()
	table := keys.New(words)
	assert.Equal(t, len(words), table.Len())
	for w, want := range words {
		if got := table.Get([]byte(w)); assert.NotNil(t, got, "%q", w) {
			assert.Equal(t, want, *got, "%q", w)
		}
		i := table.Find([]byte(w))
		assert.Equal(t, w, table.Key(i))
		assert.Equal(t, want, *table.At(i))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 { // words that differ in one byte, or in their length
		w := []byte(table.Key(r.IntN(table.Len())))
		switch r.IntN(3) {
		case 0:
			w[r.IntN(len(w))] ^= 1 << r.IntN(8)
		case 1:
			w = append(w, w[r.IntN(len(w))])
		default:
			w = w[:r.IntN(len(w)+1)]
		}
		want, known := words[string(w)]
		got := table.Get(w)
		assert.Equal(t, known, got != nil, "%q", w)
		if known && got != nil {
			assert.Equal(t, want, *got, "%q", w)
		}
	}
	assert.Nil(t, table.Get(nil))
	assert.Nil(t, keys.New(map[string]int{}).Get([]byte("x")), "a table may be empty")
}

func TestFoldTakesOnlyLettersForTheSame(t *testing.T) {
	table := keys.NewFold(map[string]int{"SrcIP": 1, "[x": 2, "警告": 3, "a_Very_Long_Key_In_The_Middle_Of": 4, "0": 5})
	f := func(word string, want int) {
		t.Helper()
		got := table.Get([]byte(word))
		if want == 0 {
			assert.Nil(t, got, "%q", word)
			return
		}
		if assert.NotNil(t, got, "%q", word) {
			assert.Equal(t, want, *got)
		}
	}
	f("srcip", 1)
	f("SRCIP", 1)
	f("srcIP", 1)
	f("[X", 2)
	f("{x", 0) // differs from [ in the bit of case only
	f("警告", 3)
	f("A_VERY_LONG_KEY_IN_THE_MIDDLE_OF", 4)
	f("a_very_long_key_on_the_middle_of", 0)
	f("\x10", 0) // and this from 0
	for c := range 256 {
		for other := range 256 {
			same := bytes.EqualFold([]byte{byte(c)}, []byte{byte(other)}) && c < 0x80 && other < 0x80
			got := keys.NewFold(map[string]int{string([]byte{byte(c)}) + "x": 1}).Get([]byte{byte(other), 'X'}) != nil
			assert.Equal(t, same || c == other, got, "%q and %q", c, other)
		}
	}
}

func TestNoTableOfWrongKeys(t *testing.T) {
	assert.PanicsWithValue(t, "keys: a key is empty", func() { keys.New(map[string]int{"": 1}) })
	assert.PanicsWithValue(t, `keys: the key "src" stands twice, in different cases`, func() { keys.NewFold(map[string]int{"src": 1, "SRC": 2}) })
}

func TestOnce(t *testing.T) {
	var seen keys.Once
	for _, i := range []int{0, 63, 64, 255} {
		assert.True(t, seen.First(i), i)
		assert.False(t, seen.First(i), i)
	}
	assert.True(t, seen.First(256))
	assert.True(t, seen.First(256), "what it cannot note is always the first")
}

func TestGetDoesNotAllocate(t *testing.T) {
	table := keys.NewFold(map[string]int{"srcip": 1, "a_key_of_more_than_sixteen_bytes": 2})
	key, long := []byte("SRCIP"), []byte(strings.ToUpper("a_key_of_more_than_sixteen_bytes"))
	n := 0
	assert.Zero(t, testing.AllocsPerRun(100, func() { n += *table.Get(key) + *table.Get(long) }))
	assert.Positive(t, n)
}

func BenchmarkGet(b *testing.B) {
	words := odd()
	table := keys.New(words)
	list := make([][]byte, 0, 256)
	for i := range cap(list) {
		list = append(list, fmt.Append(nil, "key_", i))
	}
	b.Run("table", func(b *testing.B) {
		n := 0
		for i := 0; b.Loop(); i++ {
			n += *table.Get(list[i&255])
		}
	})
	b.Run("map", func(b *testing.B) {
		n := 0
		for i := 0; b.Loop(); i++ {
			n += words[string(list[i&255])]
		}
	})
}
