#include "textflag.h"
#include "numbers_arm64.h"

// handler(sig R0, info R1, context R2) runs on the signal stack of whatever thread, with all signals blocked
// (man 2 sigaction). It returns into the kernel's own rt_sigreturn, which restores all registers. SVC destroys R0.
TEXT ·handler(SB),NOSPLIT|NOFRAME,$0
	MOVW	8(R1), R3		// si_code: positive from the kernel
	CMP	$0, R3
	BLE	record
	MOVD	$1, R4
	LSL	R0, R4, R4
	MOVD	$FAULTS, R5
	TST	R5, R4
	BEQ	record
	MOVD	·runtimeHandler(SB), R3
	JMP	(R3)

record:
	MOVD	R0, R6
	MOVD	·writeEnd(SB), R0
	MOVD	$RECORD, R2
	MOVD	$SYS_write, R8
	SVC
	CMP	$RECORD, R0
	BEQ	done
	SUB	$1, R6, R6		// the pipe is full
	MOVD	$1, R4
	LSL	R6, R4, R4
	MOVD	$·overflow(SB), R5
again:
	LDAXR	(R5), R3
	ORR	R4, R3, R3
	STLXR	R3, (R5), R7
	CBNZ	R7, again
	MOVD	·writeEnd(SB), R0	// or was: a reader who emptied it meanwhile has to look again
	MOVD	$·lookAgain(SB), R1
	MOVD	$RECORD, R2
	MOVD	$SYS_write, R8
	SVC
done:
	RET

// claim(sig R0, new R1, old R2) is what the runtime takes for libc's sigaction, in C's calling convention. It believes that all is
// done, and that the default was there before. Of a fault the runtime's handler is kept, for the handler above.
TEXT ·claim(SB),NOSPLIT|NOFRAME,$0
	MOVD	$1, R4
	LSL	R0, R4, R4
	MOVD	$FAULTS, R5
	TST	R5, R4
	BEQ	claimed
	CBZ	R1, claimed
	MOVD	0(R1), R4		// sa_handler
	MOVD	R4, ·runtimeHandler(SB)
claimed:
	MOVD	$0, R0
	RET

// claimAll is claim in the shim, which leaves everything as it is.
TEXT ·claimAll(SB),NOSPLIT|NOFRAME,$0
	MOVD	$0, R0
	RET

// claimGuarded is claim where only some signals are ours. EINVAL has the runtime make its own system call for the others.
TEXT ·claimGuarded(SB),NOSPLIT|NOFRAME,$0
	MOVD	$GUARDED, R4
	LSR	R0, R4, R4
	TBZ	$0, R4, others
	MOVD	$0, R0
	RET
others:
	MOVD	$EINVAL, R0
	RET

// unhook has the runtime do its own system calls from now on.
TEXT ·unhook(SB),NOSPLIT,$0-0
	MOVD	ZR, _cgo_sigaction(SB)
	RET

TEXT ·handlerAddress(SB),NOSPLIT,$0-8
	MOVD	$·handler(SB), R0
	MOVD	R0, ret+0(FP)
	RET

TEXT ·restorerAddress(SB),NOSPLIT,$0-8
	MOVD	ZR, ret+0(FP)
	RET
