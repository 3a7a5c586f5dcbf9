#include "textflag.h"

// func compat(number uintptr) uintptr
// A call by the 32-bit interface, which has numbers of its own.
TEXT ·compat(SB), NOSPLIT, $0-16
	MOVQ number+0(FP), AX
	XORQ BX, BX
	XORQ CX, CX
	XORQ DX, DX
	INT  $0x80
	MOVQ AX, ret+8(FP)
	RET
