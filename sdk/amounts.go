package sdk

import "github.com/logcenter/logcenter/sdk/ecs"

// mostDigits is how many digits a number of these setters may have: sums of a few still fit.
const mostDigits = 18

// SetCount sets a long to a number of bytes, packets and the like, and returns it for sums with others. It is false,
// and f has no value, for anything but up to 18 digits; what is not empty then is noted as bad.
func (e *Event) SetCount(f ecs.Field, v []byte) (n int64, ok bool) {
	if n, ok = count(v, mostDigits); ok {
		e.SetInt(f, n)
	} else if len(v) > 0 && e.builder(f) != nil {
		e.Bad(f, "not a whole number")
	}
	return n, ok
}

// count reads one to most digits.
func count(v []byte, most int) (n int64, ok bool) {
	if len(v) == 0 || len(v) > most {
		return 0, false
	}
	for _, c := range v {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
