package loadgen

import "math/rand/v2"

// random draws small numbers from a generator whose sequence Go promises to keep.
type random struct {
	pcg  rand.PCG
	pool uint64 // unused bits
	left uint   // how many
}

func newRandom(seed uint64) random {
	return random{pcg: *rand.NewPCG(seed, 0x6c6f6763656e7465)}
}

// bits returns n random bits, n at most 32.
func (r *random) bits(n uint) uint32 {
	if r.left < n {
		r.pool, r.left = r.pcg.Uint64(), 64
	}
	v := uint32(r.pool & (1<<n - 1))
	r.pool >>= n
	r.left -= n
	return v
}

// below returns a number in [0, n). It has the bias of a 16-bit draw up to n = 4096 and of a 32-bit
// draw above; both are too small to matter in traffic.
func (r *random) below(n uint32) uint32 {
	if n <= 4096 {
		return r.bits(16) * n >> 16
	}
	return uint32(uint64(r.bits(32)) * uint64(n) >> 32)
}

// below64 is below for durations.
func (r *random) below64(n uint64) uint64 {
	return r.pcg.Uint64() % n
}

// between returns a number in [low, high].
func (r *random) between(low, high uint32) uint32 {
	return low + r.below(high-low+1)
}

// skewed returns a number in [0, n) where small ones are drawn far more often, as clients of a service are.
func (r *random) skewed(n uint32) uint32 {
	a := uint64(r.bits(32))
	a = a * a >> 32
	return uint32(a * uint64(n) >> 32)
}

// percent is true p times in a hundred.
func (r *random) percent(p uint32) bool {
	return r.bits(16)*100>>16 < p
}

// magnitude returns a number whose number of bits is even between low and high, as sizes of transfers are.
func (r *random) magnitude(low, high uint) uint32 {
	n := uint(r.between(uint32(low), uint32(high)))
	return 1<<(n-1) | r.bits(n-1)
}

// pick draws one of list.
func pick[T any](r *random, list []T) T {
	return list[r.below(uint32(len(list)))]
}
