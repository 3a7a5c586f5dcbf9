package certify

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// maxProfile bounds what a plugin may have written: a profile of seconds has some hundred kilobytes.
const maxProfile = 64 << 20

// shareOf is the share of the processor time of a profile that was spent in a package, or in what it called. ok is
// false where there is none to be told: no profile, because the plugin's SDK writes none, or the package is not used.
func shareOf(f *os.File, pkg string) (share float64, ok bool) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, false
	}
	p, err := profile.Parse(io.LimitReader(f, maxProfile))
	if err != nil || len(p.SampleType) == 0 {
		return 0, false
	}
	var within, all int64
	for _, s := range p.Sample {
		n := s.Value[len(s.Value)-1] // nanoseconds, behind the number of samples
		all += n
		if slices.ContainsFunc(s.Location, func(l *profile.Location) bool { return of(l, pkg) }) {
			within += n
		}
	}
	return float64(within) / float64(max(1, all)), within > 0
}

// of says whether a place is in a package or below it.
func of(l *profile.Location, pkg string) bool {
	return slices.ContainsFunc(l.Line, func(line profile.Line) bool {
		rest, ok := strings.CutPrefix(line.Function.Name, pkg)
		return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/"))
	})
}
