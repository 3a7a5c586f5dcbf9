package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	x32Bit    = 0 // there is none
)

// legacyForks and legacyRefused are calls that only older architectures have.
var (
	legacyForks   []uintptr
	legacyRefused = []uintptr{unix.SYS_LOOKUP_DCOOKIE}
	legacyOpen    uintptr
)
