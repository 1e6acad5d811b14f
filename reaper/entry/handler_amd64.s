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
	MOVQ	·writeEnd(SB), DI	// or was: a reader who emptied it meanwhile has to look again
	LEAQ	·lookAgain(SB), SI
	MOVQ	$RECORD, DX
	MOVQ	$SYS_write, AX
	SYSCALL
done:
	RET

TEXT ·restorer(SB),NOSPLIT|NOFRAME,$0
	MOVQ	$SYS_rt_sigreturn, AX
	SYSCALL
	INT	$3

// claim(sig DI, new SI, old DX) is what the runtime takes for libc's sigaction, in C's calling convention. It believes that all is
// done, and that the default was there before. Of a fault the runtime's handler is kept, for the handler above.
TEXT ·claim(SB),NOSPLIT|NOFRAME,$0
	MOVL	$FAULTS, AX
	BTQ	DI, AX
	JCC	claimed
	TESTQ	SI, SI
	JEQ	claimed
	MOVQ	0(SI), AX		// sa_handler
	MOVQ	AX, ·runtimeHandler(SB)
claimed:
	MOVL	$0, AX
	RET

// claimAll is claim in the shim, which leaves everything as it is.
TEXT ·claimAll(SB),NOSPLIT|NOFRAME,$0
	MOVL	$0, AX
	RET

// claimGuarded is claim where only some signals are ours. EINVAL has the runtime make its own system call for the others.
TEXT ·claimGuarded(SB),NOSPLIT|NOFRAME,$0
	MOVL	$GUARDED, AX
	BTQ	DI, AX
	JCC	others
	MOVL	$0, AX
	RET
others:
	MOVL	$EINVAL, AX
	RET

// unhook has the runtime do its own system calls from now on.
TEXT ·unhook(SB),NOSPLIT,$0-0
	MOVQ	$0, _cgo_sigaction(SB)
	RET

TEXT ·handlerAddress(SB),NOSPLIT,$0-8
	LEAQ	·handler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·restorerAddress(SB),NOSPLIT,$0-8
	LEAQ	·restorer(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
