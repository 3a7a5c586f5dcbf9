//go:build !amd64

package pipeline

func candidates(b []byte, m *teddy, found []uint32) { scan(b, m, found) }
