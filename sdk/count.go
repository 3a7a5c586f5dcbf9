package sdk

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/number"
)

// SetCount sets a long to a number of bytes, packets and the like, and returns it for sums with others. It is false,
// and f has no value, for anything but up to 18 digits; what is not empty then is noted as bad.
func (e *Event) SetCount(f ecs.Field, v []byte) (n int64, ok bool) {
	if n, ok = number.Uint(v, number.MaxDigits); ok {
		e.SetInt(f, n)
	} else if len(v) > 0 && e.builder(f) != nil {
		e.Bad(f, "not a whole number")
	}
	return n, ok
}
