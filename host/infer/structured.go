package infer

// inferStructured is true if nearly all lines have structured data (RFC 5424, section 6.3), and it says more than what
// follows it.
func inferStructured(m *mapper, h *headers) bool {
	var g gather
	n, behind := 0, 0
	for i := range h.list {
		params := 0
		for e := h.list[i].Elements(); e.Next(); {
			for p := e.Params(); p.Next(); params++ {
				g.add(i, string(p.Name()), string(p.AppendValue(nil)))
			}
		}
		if params >= 3 {
			n++
		}
		behind += len(h.bodies[i])
	}
	inside := 0
	for i := range h.list {
		inside += len(h.list[i].Structured)
	}
	if !most(n, h.bodies) || behind > inside {
		return false
	}
	m.spec.Format = Structured
	m.spec.Fields = m.columns(g.list, nil)
	return true
}
