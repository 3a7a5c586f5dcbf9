//go:build linux && !amd64 && !arm64

package sandbox

// On other architectures there is no filter of system calls.
const (
	auditArch = 0
	x32Bit    = 0
)

var (
	legacyForks, legacyRefused []uintptr
	legacyOpen                 uintptr
)
