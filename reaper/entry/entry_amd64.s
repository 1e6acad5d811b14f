#include "textflag.h"
#include "numbers_amd64.h"

// The kernel starts the process here, on a stack that holds argc, argv, nil, the environment, nil (System V ABI AMD64, 3.4.1).
// Until the end, BX and R12 to R15 hold values across system calls; SYSCALL destroys AX, CX and R11.
TEXT _rt0_amd64_linux(SB),NOSPLIT|NOFRAME|DUPOK,$0
	MOVQ	0(SP), BX		// argc
	LEAQ	8(SP), R12		// argv
	CMPQ	BX, $2
	JLT	environment
	MOVQ	8(R12), AX		// argv[1]
	CMPL	0(AX), $INIT
	JNE	environment
	CMPB	4(AX), $0
	JEQ	work

environment:
	LEAQ	8(R12)(BX*8), R12
	MOVQ	$PERCORE_, R13
	MOVQ	$MODE_INI, R14
next:
	MOVQ	0(R12), AX
	ADDQ	$8, R12
	TESTQ	AX, AX
	JEQ	guard			// not in mode init
	CMPQ	0(AX), R13
	JNE	next
	CMPQ	8(AX), R14
	JNE	next
	CMPW	16(AX), $T_END
	JNE	next

	JMP	work

guard:
	MOVB	$1, ·guarded(SB)
	MOVQ	SP, R15
	SUBQ	$128, SP
	JMP	pipe

work:
	MOVQ	SP, ·stack(SB)
	MOVQ	SP, R15
	SUBQ	$128, SP		// 0: a sigaction; 32: the one before; 64: the pipe

	// Which of stderr, stdout and stdin are closed?
	MOVQ	$2, BX
descriptor:
	MOVQ	BX, DI
	MOVQ	$F_GETFD, SI
	MOVQ	$SYS_fcntl, AX
	SYSCALL
	TESTQ	AX, AX
	JGE	open
	MOVQ	BX, CX
	MOVQ	$1, AX
	SHLQ	CX, AX
	ORQ	AX, ·closed(SB)
open:
	DECQ	BX
	JGE	descriptor

	CMPQ	0(R15), $2
	JLT	pipe
	MOVQ	8(R15), AX		// argv[0]
	MOVQ	$PERCORE_DASH, CX
	CMPQ	0(AX), CX
	JNE	pipe
	CMPL	8(AX), $SHIM
	JNE	pipe
	CMPB	12(AX), $0
	JNE	pipe
	LEAQ	·claimAll(SB), AX
	MOVQ	AX, _cgo_sigaction(SB)
	MOVB	$1, ·active(SB)
	JMP	restore

pipe:
	// Out of the way of what is inherited.
	LEAQ	64(SP), DI
	MOVQ	$(O_NONBLOCK|O_CLOEXEC), SI
	MOVQ	$SYS_pipe2, AX
	SYSCALL
	TESTQ	AX, AX
	JLT	failed
	MOVLQSX	64(SP), R12
	MOVLQSX	68(SP), R13
	MOVQ	R12, DI
	MOVQ	$F_DUPFD_CLOEXEC, SI
	MOVQ	$FIRST_DESCRIPTOR, DX
	MOVQ	$SYS_fcntl, AX
	SYSCALL
	MOVQ	AX, ·readEnd(SB)
	MOVQ	AX, R14
	MOVQ	R13, DI
	MOVQ	$F_DUPFD_CLOEXEC, SI
	MOVQ	$FIRST_DESCRIPTOR, DX
	MOVQ	$SYS_fcntl, AX
	SYSCALL
	MOVQ	AX, ·writeEnd(SB)
	ORQ	AX, R14			// negative if either failed
	MOVQ	R12, DI
	MOVQ	$SYS_close, AX
	SYSCALL
	MOVQ	R13, DI
	MOVQ	$SYS_close, AX
	SYSCALL
	TESTQ	R14, R14
	JLT	failed
	MOVQ	$GUARDED, R13		// bit n: signal n is to be caught
	CMPB	·guarded(SB), $0
	JNE	handlers
	MOVQ	$-1, R13
	MOVQ	·readEnd(SB), DI	// its reader may sleep
	MOVQ	$F_SETFL, SI
	MOVQ	$0, DX
	MOVQ	$SYS_fcntl, AX
	SYSCALL

handlers:
	LEAQ	·handler(SB), AX
	MOVQ	AX, 0(SP)
	MOVQ	$(SA_FLAGS|SA_RESTORER), 8(SP)
	LEAQ	·restorer(SB), AX
	MOVQ	AX, 16(SP)
	MOVQ	$-1, 24(SP)
	MOVQ	$64, BX			// from the last signal to the first
disposition:
	BTQ	BX, R13			// 64 counts as 0
	JCC	handled
	MOVQ	BX, DI
	MOVQ	SP, SI
	LEAQ	32(SP), DX
	MOVQ	$8, R10
	MOVQ	$SYS_rt_sigaction, AX
	SYSCALL
	TESTQ	AX, AX
	JNE	handled			// KILL and STOP
	CMPQ	32(SP), $SIG_IGN
	JNE	handled
	LEAQ	-1(BX), CX
	MOVQ	$1, AX
	SHLQ	CX, AX
	ORQ	AX, ·ignored(SB)
handled:
	DECQ	BX
	JNE	disposition
	CMPB	·guarded(SB), $0
	JEQ	claimed
	LEAQ	·claimGuarded(SB), AX
	MOVQ	AX, _cgo_sigaction(SB)
	JMP	restore
claimed:
	LEAQ	·claim(SB), AX
	MOVQ	AX, _cgo_sigaction(SB)

	// The mask, only to be read.
	MOVQ	$SIG_SETMASK, DI
	MOVQ	$0, SI
	LEAQ	·mask(SB), DX
	MOVQ	$8, R10
	MOVQ	$SYS_rt_sigprocmask, AX
	SYSCALL
	MOVB	$1, ·active(SB)
	JMP	restore

failed:
	MOVB	$0, ·guarded(SB)
restore:
	MOVQ	R15, SP
	JMP	_rt0_amd64(SB)
