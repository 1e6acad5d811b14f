#include "textflag.h"
#include "numbers_amd64.h"

// handler(sig DI, info SI, context DX) runs on the signal stack of whatever thread, with all signals blocked
// (man 2 sigaction). SYSCALL destroys AX, CX and R11; the kernel restores all registers on return.
TEXT ·handler(SB),NOSPLIT|NOFRAME,$0
	CMPL	8(SI), $0		// si_code: positive from the kernel
	JLE	record
	MOVL	$FAULTS, AX
	BTQ	DI, AX
	JCC	record
	MOVQ	·runtimeHandler(SB), AX
	JMP	AX

record:
	MOVQ	DI, R8
	MOVQ	·writeEnd(SB), DI
	MOVQ	$RECORD, DX
	MOVQ	$SYS_write, AX
	SYSCALL
	CMPQ	AX, $RECORD
	JEQ	done
	LEAQ	-1(R8), CX		// the pipe is full
	MOVQ	$1, AX
	SHLQ	CX, AX
	LOCK
	ORQ	AX, ·overflow(SB)
done:
	RET

TEXT ·restorer(SB),NOSPLIT|NOFRAME,$0
	MOVQ	$SYS_rt_sigreturn, AX
	SYSCALL
	INT	$3

// claim(sig DI, new SI, old DX) is what the runtime takes for libc's sigaction, in C's calling convention. For a fault, EINVAL makes it do the
// system call itself; for the rest it believes that all is done, and that the default was there before.
TEXT ·claim(SB),NOSPLIT|NOFRAME,$0
	MOVL	$FAULTS, AX
	BTQ	DI, AX
	JCS	fault
	MOVL	$0, AX
	RET
fault:
	MOVL	$EINVAL, AX
	RET

TEXT ·handlerAddress(SB),NOSPLIT,$0-8
	LEAQ	·handler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·restorerAddress(SB),NOSPLIT,$0-8
	LEAQ	·restorer(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
