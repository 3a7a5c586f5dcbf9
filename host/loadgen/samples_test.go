package loadgen_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/logcenter/logcenter/host/loadgen"
)

var update = flag.Bool("update", false, "write testdata/samples anew")

const samplesDir = "../../testdata/samples"

// samples are the files of testdata/samples and what makes them.
var samples = map[string]func(t *testing.T) []byte{
	"dptech.log":            one(11, 400, loadgen.Mix{Firewall: 1}),
	"nsfocus.log":           one(12, 300, loadgen.Mix{IPS: 1}),
	"nginx.log":             one(13, 300, loadgen.Mix{Web: 1}),
	"mixed.log":             one(14, 1000, loadgen.Mix{}),
	"hostile/gbk.log":       gbk,
	"hostile/binary.log":    binary,
	"hostile/half-utf8.log": halfUTF8,
}

// one makes n lines two a second, so that a sample spans minutes, with one line in a hundred damaged.
func one(seed uint64, n int, mix loadgen.Mix) func(*testing.T) []byte {
	return func(*testing.T) []byte {
		return []byte(text(loadgen.Options{Seed: seed, Rate: 2, Mix: mix, Malformed: 0.01, Attacks: 0.1}, n))
	}
}

// chinese are n lines that are not all ASCII.
func chinese(seed uint64, n int) (lines []string) {
	for _, l := range collect(loadgen.Options{Seed: seed, Rate: 2, Malformed: -1, Mix: loadgen.Mix{Firewall: 1, IPS: 1}}, 20*n) {
		if len(lines) < n && utf8.RuneCountInString(l.text) < len(l.text) {
			lines = append(lines, l.text)
		}
	}
	return lines
}

// gbk is what devices send that were never told of UTF-8.
func gbk(t *testing.T) []byte {
	var out []byte
	for _, l := range chinese(21, 60) {
		line, err := simplifiedchinese.GBK.NewEncoder().String(l)
		require.NoError(t, err)
		out = append(append(out, line...), '\n')
	}
	return out
}

// binary is a stream that is no text: all byte values, NULs, empty lines, and no newline at the end.
func binary(*testing.T) []byte {
	pcg := rand.NewPCG(22, 0)
	var out []byte
	for len(out) < 4096 {
		v := pcg.Uint64()
		if v%31 == 0 {
			out = append(out, 0, 0, '\r', '\n', '\n')
		}
		out = append(out, byte(v>>32))
	}
	return out
}

// halfUTF8 are lines of which a Chinese character has lost a byte: every third one at the line's end.
func halfUTF8(*testing.T) []byte {
	var out []byte
	for i, l := range chinese(23, 60) {
		line := []byte(l)
		first := bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf })
		switch i % 3 {
		case 0:
			line = line[:first+2]
		case 1:
			line = append(line[:first:first], line[first+1:]...)
		default:
			line = append(line[:first+1:first+1], line[first+2:]...)
		}
		out = append(append(out, line...), '\n')
	}
	return out
}

func TestSamplesAreWhatTheGeneratorMakes(t *testing.T) {
	total := 0
	for name, build := range samples {
		t.Run(name, func(t *testing.T) {
			path, want := filepath.Join(samplesDir, name), build(t)
			total += len(want)
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, want, 0o644))
			}
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got), "%s is not what the generator makes now: "+
				"look at the difference that `go test ./host/loadgen -update` makes before you commit it", path)
		})
	}
	assert.LessOrEqual(t, total, 500<<10)
}

func TestNoOtherFilesAmongTheSamples(t *testing.T) {
	err := filepath.WalkDir(samplesDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(samplesDir, path)
		assert.Contains(t, samples, filepath.ToSlash(name), "no code makes this file")
		return err
	})
	require.NoError(t, err)
}

func TestHostileSamplesAreHostile(t *testing.T) {
	for _, l := range bytes.Split(bytes.TrimSuffix(gbk(t), []byte("\n")), []byte("\n")) {
		assert.False(t, utf8.Valid(l))
		plain, err := simplifiedchinese.GB18030.NewDecoder().Bytes(l)
		require.NoError(t, err)
		assert.NotContains(t, string(plain), "\uFFFD")
	}
	for _, l := range bytes.Split(bytes.TrimSuffix(halfUTF8(t), []byte("\n")), []byte("\n")) {
		assert.False(t, utf8.Valid(l), "%q", l)
	}
	seen := map[byte]bool{}
	for _, b := range binary(t) {
		seen[b] = true
	}
	assert.Len(t, seen, 256)
}
