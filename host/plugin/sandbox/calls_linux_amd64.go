package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_X86_64
	// x32Bit marks calls of the x32 interface, which have the same architecture and other numbers.
	x32Bit = 0x40000000
)

// legacyForks and legacyRefused are calls that younger architectures do not have.
var (
	legacyForks   = []uintptr{unix.SYS_FORK, unix.SYS_VFORK}
	legacyRefused = []uintptr{
		unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_USTAT, unix.SYS_SYSFS, unix.SYS__SYSCTL,
		unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE, unix.SYS_LOOKUP_DCOOKIE,
	}
	legacyOpen uintptr = unix.SYS_OPEN
)
