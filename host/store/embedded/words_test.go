package embedded

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/query"
)

// TestClassesAreThoseOfTheTokenizer looks at every character. Go's regexp reads the classes as RE2 does.
func TestClassesAreThoseOfTheTokenizer(t *testing.T) {
	boundary, gap := regexp.MustCompile("^"+reBoundary+"$"), regexp.MustCompile("^"+reGap+"$")
	solo := regexp.MustCompile("^" + reSolo() + "$")
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		one, two := len(query.Tokenize(s)), len(query.Tokenize(s+s))
		isLetter, isSoloRune, isGap := one == 1 && two == 1, one == 1 && two == 2, one == 0
		if boundary.MatchString(s) == isLetter || gap.MatchString(s) != isGap || solo.MatchString(s) != isSoloRune || one == 1 && isSolo(s) != isSoloRune {
			require.Failf(t, "wrong class", "%U: letter %t, solo %t, gap %t; boundary %t, gap %t, solo %t",
				r, isLetter, isSoloRune, isGap, boundary.MatchString(s), gap.MatchString(s), solo.MatchString(s))
		}
	}
}

func wordsOf(texts ...string) *bloom {
	s := newWordSet()
	for _, text := range texts {
		s.addText([]byte(text))
	}
	return s.bloom()
}

func TestMayHold(t *testing.T) {
	b := wordsOf("Login failed for 张三登录 from 10.0.0.1, abc登录失败xyz Straße ÀB", "")
	f := func(q string, want bool) {
		t.Helper()
		n, err := query.Parse(q)
		require.NoError(t, err)
		assert.Equal(t, want, mayHold(n, b), q)
	}
	f("login", true)
	f("LOGIN", true)
	f("logout", false)
	f("login AND logout", false)
	f("login OR logout", true)
	f("NOT logout", true)
	f("NOT login", true)
	f("logout*", true) // only whole words are known
	f("登录", true)
	f("录登", false) // no such pair
	f("三登", true)
	f("录失", true)
	f("登三", false)
	f(`"failed for"`, true)
	f(`"failed 登"`, true)
	f("abc", true)
	f("xyz", true)
	f("straße", true)
	f("àb", true)
	f("10.0.0.1", true)
	f("10.0.0.2", false)
	f("user.name:logout", true)
	f("message:logout", false)
	f("/logout/", true)
	f("*", true)
}

func TestBloomIsSelective(t *testing.T) {
	s := newWordSet()
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 100000 {
		s.add(finish(rnd.Uint64()))
	}
	b := s.bloom()
	false1 := 0
	for range 100000 {
		if b.has(finish(rnd.Uint64())) {
			false1++
		}
	}
	assert.Less(t, false1, 2500, "of 100,000 words that are not there")
	decoded, err := decodeBloom(b.encode())
	require.NoError(t, err)
	assert.Equal(t, b, decoded)
}

// FuzzAddText: every word and every pair of neighbouring solos of a text is found.
func FuzzAddText(f *testing.F) {
	for _, s := range []string{"Login 登录 failed", "a\xffb\xe7\x99bc", "ÀÉ abcÀ Àabc 登a录", "カタカナー〇二", "\x00", "K ſ İ", "x登", "é"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		b := wordsOf(string(text))
		last := uint64(0)
		for _, w := range query.Tokenize(string(text)) {
			h := hashWord(w)
			if !b.has(h) {
				t.Fatalf("%q of %q is not found", w, text)
			}
			if !isSolo(w) {
				last = 0
				continue
			}
			if last != 0 && !b.has(hashPair(last, h)) {
				t.Fatalf("the pair that %q ends in %q is not found", w, text)
			}
			last = h
		}
	})
}

func FuzzDecodeIndex(f *testing.F) {
	x := &segmentIndex{Columns: map[string]columnInfo{"a": {Kind: kindInt, Count: 1}}, Sources: []string{"j-0"}, words: wordsOf("a b c")}
	good, err := x.encode()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte(indexMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := decodeIndex(b)
		if err == nil && x.words.has(1) && len(x.words.blocks) == 0 {
			t.Fatal("words without blocks")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(cursor{Snapshot: 1, Last: place{2, "j-0", 3}, Of: 4}.encode())
	f.Add("")
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := decodeCursor(s, 4)
		if err == nil && c.Of != 4 {
			t.Fatal("another request's cursor")
		}
	})
}

func TestViewOf(t *testing.T) {
	data := []byte("abcdefghijklmnopqrstuvwxyz")
	for n := range len(data) {
		for off := range len(data) - n {
			v := viewOf(data, off, n, 7)
			require.Equal(t, uint32(n), uint32(v[0]))
			var inline []byte
			for i := range 12 {
				w, shift := v[0], 32+8*i
				if i >= 4 {
					w, shift = v[1], 8*(i-4)
				}
				inline = append(inline, byte(w>>shift))
			}
			if n <= 12 {
				require.Equal(t, string(data[off:off+n])+strings.Repeat("\x00", 12-n), string(inline))
			} else {
				require.Equal(t, string(data[off:off+4]), string(inline[:4]))
				require.Equal(t, uint64(7)|uint64(off)<<32, v[1])
			}
		}
	}
}

// TestWindows: windows cover the range once, in order.
func TestWindows(t *testing.T) {
	p := &snapshot{}
	for i := range int64(20) {
		p.segments = append(p.segments, &segment{segmentInfo: segmentInfo{MinTime: i * 1000, MaxTime: i*1000 + 1500, Rows: 90000}, segmentIndex: segmentIndex{words: wordsOf("x")}})
	}
	for _, oldest := range []bool{false, true} {
		w := newWindows(p, &selection{node: &query.All{}}, -5000, 1<<60, oldest)
		at, windows := int64(0), 0
		if !oldest {
			at = 19*1000 + 1501
		}
		for {
			lo, hi, ok := w.next(100)
			if !ok {
				break
			}
			windows++
			require.Less(t, lo, hi)
			if oldest {
				require.Equal(t, at, lo)
				at = hi
			} else {
				require.Equal(t, at, hi)
				at = lo
			}
		}
		require.Greater(t, windows, 1)
		require.Less(t, windows, 20)
		if oldest {
			require.EqualValues(t, 19*1000+1501, at)
		} else {
			require.Zero(t, at)
		}
	}
}

func TestSpans(t *testing.T) {
	f := func(times []int64, want []timeSpan) {
		t.Helper()
		least, greatest := slices.Min(times), slices.Max(times)
		require.Equal(t, want, spansOf(times, least, greatest))
	}
	f([]int64{5}, []timeSpan{{5, 5, 1}})
	f([]int64{7, 5, 5}, []timeSpan{{5, 5, 2}, {7, 7, 1}})
	f([]int64{1000, 3, 1, 2, 999}, []timeSpan{{1, 3, 3}, {999, 1000, 2}})
	f([]int64{math.MinInt64, 0, math.MaxInt64, 1}, []timeSpan{{math.MinInt64, math.MinInt64, 1}, {0, 1, 2}, {math.MaxInt64, math.MaxInt64, 1}})
	g := &segment{segmentInfo: segmentInfo{MinTime: 1, MaxTime: 1000, Rows: 5}, segmentIndex: segmentIndex{Spans: []timeSpan{{1, 3, 3}, {999, 1000, 2}}}}
	require.True(t, g.during(3, 4))
	require.False(t, g.during(4, 999))
	require.True(t, g.during(0, 2000))
	require.False(t, g.during(1001, 2000))
	g.Spans = nil
	require.True(t, g.during(4, 999), "nothing is known")
}
