#include "textflag.h"

// func candidatesAVX2(b *byte, m *teddy, found *uint32, steps int)
// See the comment of literals. Y0 to Y5, Y14 and Y15 are the tables of four bytes' low and high halves.
TEXT ·candidatesAVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ m+8(FP), DX
	MOVQ found+16(FP), DI
	MOVQ steps+24(FP), CX
	VMOVDQU (DX), Y0
	VMOVDQU 32(DX), Y1
	VMOVDQU 64(DX), Y2
	VMOVDQU 96(DX), Y3
	VMOVDQU 128(DX), Y4
	VMOVDQU 160(DX), Y5
	VMOVDQU 192(DX), Y14
	VMOVDQU 224(DX), Y15
	VMOVDQU 256(DX), Y6
	VPXOR   Y7, Y7, Y7

step:
	VMOVDQU   (SI), Y8
	VMOVDQU   1(SI), Y9
	VMOVDQU   2(SI), Y10
	VPSRLW    $4, Y8, Y11
	VPSRLW    $4, Y9, Y12
	VPSRLW    $4, Y10, Y13
	VPAND     Y6, Y8, Y8
	VPAND     Y6, Y9, Y9
	VPAND     Y6, Y10, Y10
	VPAND     Y6, Y11, Y11
	VPAND     Y6, Y12, Y12
	VPAND     Y6, Y13, Y13
	VPSHUFB   Y8, Y0, Y8
	VPSHUFB   Y11, Y1, Y11
	VPSHUFB   Y9, Y2, Y9
	VPSHUFB   Y12, Y3, Y12
	VPSHUFB   Y10, Y4, Y10
	VPSHUFB   Y13, Y5, Y13
	VPAND     Y8, Y11, Y8
	VPAND     Y9, Y12, Y9
	VPAND     Y10, Y13, Y10
	VPAND     Y8, Y9, Y8
	VPAND     Y8, Y10, Y8
	VMOVDQU   3(SI), Y9
	VPSRLW    $4, Y9, Y12
	VPAND     Y6, Y9, Y9
	VPAND     Y6, Y12, Y12
	VPSHUFB   Y9, Y14, Y9
	VPSHUFB   Y12, Y15, Y12
	VPAND     Y9, Y12, Y9
	VPAND     Y8, Y9, Y8
	VPCMPEQB  Y7, Y8, Y8
	VPMOVMSKB Y8, AX
	NOTL      AX
	MOVL      AX, (DI)
	ADDQ      $32, SI
	ADDQ      $4, DI
	DECQ      CX
	JNZ       step
	VZEROUPPER
	RET
