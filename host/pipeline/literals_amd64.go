package pipeline

import "golang.org/x/sys/cpu"

// candidates sets the bits of found, 32 a number, where a fingerprint may begin in b, which is as long as the bits and
// three bytes more.
func candidates(b []byte, m *teddy, found []uint32) {
	if !cpu.X86.HasAVX2 || len(found) == 0 {
		scan(b, m, found)
		return
	}
	_ = b[32*len(found)+beyond-1]
	candidatesAVX2(&b[0], m, &found[0], len(found))
}

//go:noescape
func candidatesAVX2(b *byte, m *teddy, found *uint32, steps int)
