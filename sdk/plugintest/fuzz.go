package plugintest

import (
	"bytes"
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/sample"
)

// Fuzz looks for a line at which the plugin panics, or answers what the host would refuse: a span outside the
// line, half a character, an edit that reaches too far. It starts from the samples. The line under test
// stands between two samples, whose events it must leave alone.
func Fuzz(f *testing.F, s *sdk.Stage) {
	OpenWith(f, s, firstSetup(f))
	for _, file := range samples(f) {
		for _, l := range file.Lines {
			f.Add(l)
		}
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte("="), 4096))
	beside := sample.Usual(samples(f)).Lines[0]
	alone, err := answers(s, [][]byte{beside})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = sample.Clean(line)
		got, err := answers(s, [][]byte{beside, line, beside})
		if err != nil {
			t.Fatalf("%v\nline: %q", err, line)
		}
		for _, at := range []int{0, 2} {
			if !bytes.Equal(got[at], alone[0]) {
				t.Fatalf("a line changes what comes of another one\nline: %q\ngot %s\nwant %s", line, got[at], alone[0])
			}
		}
	})
}

// firstSetup is that of the first sample that has one.
func firstSetup(tb testing.TB) sample.Setup {
	tb.Helper()
	for _, s := range samples(tb) {
		setup, err := s.Setup()
		if err != nil {
			tb.Fatal(err)
		}
		if !setup.IsZero() {
			return setup
		}
	}
	return sample.Setup{}
}

// answers are the events of lines as JSON.
func answers(s *sdk.Stage, lines [][]byte) ([][]byte, error) {
	return run(s, &sample.File{Path: "lines", Lines: lines})
}
