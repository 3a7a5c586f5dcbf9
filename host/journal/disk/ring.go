package disk

// ring holds the newest bodies, so that readers close behind the writer need no disk. Bodies are shared
// and never written to again; dropping one from the ring leaves it to whoever still has it.
type ring struct {
	limit  int64
	first  uint64 // offset of bodies[0]
	bodies [][]byte
	bytes  int64
}

// push adds the next entry and drops the oldest ones beyond the limit, but never the one just added.
func (r *ring) push(offset uint64, body []byte) {
	if len(r.bodies) == 0 {
		r.first = offset
	}
	r.bodies = append(r.bodies, body)
	r.bytes += int64(len(body))
	n := 0
	for over := r.bytes - r.limit; over > 0 && n < len(r.bodies)-1; n++ {
		over -= int64(len(r.bodies[n]))
	}
	r.dropBefore(r.first + uint64(n))
}

// dropBefore drops the entries before offset.
func (r *ring) dropBefore(offset uint64) {
	n := 0
	for ; n < len(r.bodies) && r.first+uint64(n) < offset; n++ {
		r.bytes -= int64(len(r.bodies[n]))
		r.bodies[n] = nil
	}
	r.first += uint64(n)
	r.bodies = r.bodies[n:]
	if len(r.bodies) == 0 {
		r.bodies = nil
	}
}

func (r *ring) get(offset uint64) ([]byte, bool) {
	if offset < r.first || offset-r.first >= uint64(len(r.bodies)) {
		return nil, false
	}
	return r.bodies[offset-r.first], true
}
