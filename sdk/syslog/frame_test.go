package syslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frames reads all frames and writes them as [frame], cut ones as [frame…], then the error unless EOF.
func frames(r io.Reader, limit int) (string, *FrameReader) {
	var b strings.Builder
	f := NewFrameReader(r, limit)
	for {
		frame, cut, err := f.Next()
		if err != nil {
			if frame != nil || cut {
				b.WriteString(" frame with an error ")
			}
			if err != io.EOF { //nolint:errorlint // Next is to return io.EOF itself
				b.WriteString(" ! " + err.Error())
			}
			return b.String(), f
		}
		mark := ""
		if cut {
			mark = "…"
		}
		fmt.Fprintf(&b, "[%s%s]", frame, mark)
	}
}

func TestFrames(t *testing.T) {
	f := func(stream string, limit int, want string, dropped int64) {
		t.Helper()
		for name, r := range map[string]io.Reader{
			"at once":      strings.NewReader(stream),
			"byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
			"in halves":    iotest.HalfReader(strings.NewReader(stream)),
			"end early":    iotest.DataErrReader(strings.NewReader(stream)),
		} {
			got, fr := frames(r, limit)
			assert.Equal(t, want, got, "%q %s", stream, name)
			assert.Equal(t, dropped, fr.Dropped(), "%q %s", stream, name)
		}
	}
	f("", 0, "", 0)
	f("\n\r\n\x00", 0, "", 0)
	// RFC 6587, section 3.4.2.
	f("<1>a\n<2>b\n", 0, "[<1>a][<2>b]", 0)
	f("<1>a\r\n\r\n<2>b\x00<3>c", 0, "[<1>a][<2>b][<3>c]", 0)
	f("no pri\n张三\n\xd5\xc5\n", 0, "[no pri][张三][\xd5\xc5]", 0)
	// Section 3.4.1.
	f("5 <1>ab6 <2>c\nd4 <3>e", 0, "[<1>ab][<2>c\nd][<3>e]", 0)
	f("5 <1>ab\n5 <2>cd\n", 0, "[<1>ab][<2>cd]", 0)
	f("6 <1>ab\n5 <2>cd", 0, "[<1>ab][<2>cd]", 0)
	// Both.
	f("5 <1>ab<2>line\n4 <3>c4 <4>d\n<5>e", 0, "[<1>ab][<2>line][<3>c][<4>d][<5>e]", 0)
	// Digits that are no count.
	f("2026 Oct 11 text\n12345\n0 <1>a\n1\n12345678901 <1>a\n1 2 <\n7", 0,
		"[2026 Oct 11 text][12345][0 <1>a][1][12345678901 <1>a][1 2 <][7]", 0)
	f("1791691201 <1>a\n<2>b\n", 0, "[1791691201 <1>a][<2>b]", 0) // a Unix time
	// Too long.
	f("<1>abcdef\n<2>b\n", 6, "[<1>abc…][<2>b]", 3)
	f("<1>abc\n<2>abc\r\n<3>abcd\n", 6, "[<1>abc][<2>abc][<3>abc…]", 1)
	f("<1>abc\r", 6, "[<1>abc]", 0)
	f("<1>abcdef", 6, "[<1>abc…]", 3)
	f("12345", 3, "[123…]", 2)
	f("9 <1>abcdef5 <2>ab", 6, "[<1>abc…][<2>ab]", 3)
	f("9 <1>abcdef\n<2>ab", 6, "[<1>abc…][<2>ab]", 3)
	f("900000000 <1>abcdef\n<2>ab", 6, "[<1>abc…]", 9)
	// The stream ends within.
	f("9 <1>ab", 0, "[<1>ab…] ! unexpected EOF", 0)
	f("<1>a\n5 ", 0, "[<1>a][5 ]", 0)
	f("5 <", 0, "[<…] ! unexpected EOF", 0)
	f(strings.Repeat("x", 1<<20)+"\n<1>a\n", 0, "["+strings.Repeat("x", 1<<20)+"][<1>a]", 0)
	f(strings.Repeat("x", 1<<20+1)+"\n<1>a\n", 0, "["+strings.Repeat("x", 1<<20)+"…][<1>a]", 1)
}

type flaky struct {
	steps []any // string or error
}

func (f *flaky) Read(p []byte) (int, error) {
	if len(f.steps) == 0 {
		return 0, io.EOF
	}
	step := f.steps[0]
	f.steps = f.steps[1:]
	if err, ok := step.(error); ok {
		return 0, err
	}
	return copy(p, step.(string)), nil
}

func TestFramesErrorsPass(t *testing.T) {
	deadline := errors.New("deadline")
	f := NewFrameReader(&flaky{[]any{"<1>a", deadline, "b\n8 <2", deadline, ">cdefg"}}, 0)
	want := func(wantFrame string, wantErr error) {
		t.Helper()
		frame, cut, err := f.Next()
		assert.Equal(t, wantErr, err)
		assert.Equal(t, wantFrame, string(frame))
		assert.False(t, cut)
	}
	want("", deadline)
	want("<1>ab", nil)
	want("", deadline)
	want("<2>cdefg", nil)
	want("", io.EOF)
	want("", io.EOF)

	_, _, err := NewFrameReader(&flaky{make([]any, 0)}, 0).Next()
	assert.Equal(t, io.EOF, err)
	empty := make([]any, 200)
	for i := range empty {
		empty[i] = ""
	}
	_, _, err = NewFrameReader(&flaky{empty}, 0).Next()
	assert.ErrorIs(t, err, errNoProgress)
}

// An idle connection costs little, a busy one its largest frame.
func TestFramesMemory(t *testing.T) {
	f := NewFrameReader(strings.NewReader(strings.Repeat("<1>abc\n", 10000)), 1<<20)
	for {
		if _, _, err := f.Next(); err != nil {
			break
		}
	}
	assert.Len(t, f.buf, minBuffer)
	got, f := frames(strings.NewReader(strings.Repeat("x", 1<<20)), 1000)
	assert.True(t, strings.HasSuffix(got, "…]"))
	assert.LessOrEqual(t, len(f.buf), 1100)
	assert.Equal(t, int64(1<<20-1000), f.Dropped())
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("5 <1>ab<2>line\n4 <3>c\x00<5>e\r\n"), 6)
	f.Add([]byte("9000 <1>abcdef\n<2>ab\n12345678901 <\n"), 3)
	f.Fuzz(func(t *testing.T, stream []byte, limit int) {
		limit = limit&0xff + 1
		a, fa := frames(bytes.NewReader(stream), limit)
		b, fb := frames(iotest.OneByteReader(bytes.NewReader(stream)), limit)
		if a != b || fa.Dropped() != fb.Dropped() {
			t.Fatalf("at once %q (%d dropped), byte by byte %q (%d)", a, fa.Dropped(), b, fb.Dropped())
		}
		// Every byte is in a frame, dropped, or framing.
		fr, total := NewFrameReader(iotest.HalfReader(bytes.NewReader(stream)), limit), int64(0)
		for {
			frame, _, err := fr.Next()
			if err != nil {
				break
			}
			if len(frame) == 0 || len(frame) > limit {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
			total += int64(len(frame))
		}
		if total+fr.Dropped() > int64(len(stream)) {
			t.Fatalf("%d bytes in frames, %d dropped, of %d", total, fr.Dropped(), len(stream))
		}
	})
}

// repeat is an endless stream.
type repeat struct {
	data []byte
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.data[r.at:])
	r.at = (r.at + n) % len(r.data)
	return n, nil
}

func benchFrames(b *testing.B, stream string, size int) {
	f := NewFrameReader(&repeat{data: []byte(strings.Repeat(stream, 1000))}, 0)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		frame, _, err := f.Next()
		if err != nil || len(frame) != size {
			b.Fatal(len(frame), err)
		}
	}
}

func BenchmarkFramesLF(b *testing.B)  { benchFrames(b, samples[1]+"\n", len(samples[1])) }
func BenchmarkFramesNUL(b *testing.B) { benchFrames(b, samples[1]+"\x00", len(samples[1])) }
func BenchmarkFramesCounted(b *testing.B) {
	benchFrames(b, fmt.Sprintf("%d %s", len(samples[1]), samples[1]), len(samples[1]))
}

// What bufio takes to find lines, for comparison.
func BenchmarkBufioLines(b *testing.B) {
	s := bufio.NewScanner(&repeat{data: []byte(strings.Repeat(samples[1]+"\n", 1000))})
	b.SetBytes(int64(len(samples[1])))
	for b.Loop() {
		require.True(b, s.Scan())
	}
}
