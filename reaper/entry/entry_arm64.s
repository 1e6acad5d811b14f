#include "textflag.h"
#include "numbers_arm64.h"

// The kernel starts the process here, on a stack that holds argc, argv, nil, the environment, nil.
// Until the end, R19 to R24 hold values across system calls; SVC destroys R0.
TEXT _rt0_arm64_linux(SB),NOSPLIT|NOFRAME|DUPOK,$0
	MOVD	0(RSP), R19		// argc
	ADD	$8, RSP, R20		// argv
	CMP	$2, R19
	BLT	environment
	MOVD	8(R20), R3		// argv[1]
	MOVWU	0(R3), R4
	MOVD	$INIT, R5
	CMP	R5, R4
	BNE	environment
	MOVBU	4(R3), R4
	CBZ	R4, work

environment:
	ADD	$8, R20, R20
	ADD	R19<<3, R20, R20
	MOVD	$PERCORE_, R5
	MOVD	$MODE_INI, R6
next:
	MOVD	0(R20), R3
	ADD	$8, R20, R20
	CBZ	R3, guard		// not in mode init
	MOVD	0(R3), R4
	CMP	R5, R4
	BNE	next
	MOVD	8(R3), R4
	CMP	R6, R4
	BNE	next
	MOVHU	16(R3), R4
	CMP	$T_END, R4
	BNE	next

	JMP	work

guard:
	MOVD	$1, R4
	MOVB	R4, ·guarded(SB)
	MOVD	RSP, R24
	SUB	$128, RSP
	JMP	pipe

work:
	MOVD	RSP, R24
	MOVD	R24, ·stack(SB)
	SUB	$128, RSP		// 0: a sigaction; 32: the one before; 64: the pipe

	// Which of stderr, stdout and stdin are closed?
	MOVD	$3, R19
	MOVD	$0, R20
descriptor:
	SUB	$1, R19, R19
	MOVD	R19, R0
	MOVD	$F_GETFD, R1
	MOVD	$SYS_fcntl, R8
	SVC
	CMP	$0, R0
	BGE	open
	MOVD	$1, R5
	LSL	R19, R5, R5
	ORR	R5, R20, R20
open:
	CBNZ	R19, descriptor
	MOVD	R20, ·closed(SB)

	MOVD	0(R24), R3
	CMP	$2, R3
	BLT	pipe
	MOVD	8(R24), R3		// argv[0]
	MOVD	0(R3), R4
	MOVD	$PERCORE_DASH, R5
	CMP	R5, R4
	BNE	pipe
	MOVWU	8(R3), R4
	MOVD	$SHIM, R5
	CMP	R5, R4
	BNE	pipe
	MOVBU	12(R3), R4
	CBNZ	R4, pipe
	MOVD	$·claimAll(SB), R4
	MOVD	R4, _cgo_sigaction(SB)
	MOVD	$1, R4
	MOVB	R4, ·active(SB)
	JMP	restore

pipe:
	// Out of the way of what is inherited.
	ADD	$64, RSP, R0
	MOVD	$(O_NONBLOCK|O_CLOEXEC), R1
	MOVD	$SYS_pipe2, R8
	SVC
	CMP	$0, R0
	BLT	failed
	MOVW	64(RSP), R20
	MOVW	68(RSP), R21
	MOVD	R20, R0
	MOVD	$F_DUPFD_CLOEXEC, R1
	MOVD	$FIRST_DESCRIPTOR, R2
	MOVD	$SYS_fcntl, R8
	SVC
	MOVD	R0, ·readEnd(SB)
	MOVD	R0, R22
	MOVD	R21, R0
	MOVD	$F_DUPFD_CLOEXEC, R1
	MOVD	$FIRST_DESCRIPTOR, R2
	MOVD	$SYS_fcntl, R8
	SVC
	MOVD	R0, ·writeEnd(SB)
	ORR	R0, R22, R23		// negative if either failed
	MOVD	R20, R0
	MOVD	$SYS_close, R8
	SVC
	MOVD	R21, R0
	MOVD	$SYS_close, R8
	SVC
	CMP	$0, R23
	BLT	failed
	MOVD	$GUARDED, R23		// bit n: signal n is to be caught
	MOVBU	·guarded(SB), R4
	CBNZ	R4, handlers
	MOVD	$-1, R23
	MOVD	R22, R0			// its reader may sleep
	MOVD	$F_SETFL, R1
	MOVD	$0, R2
	MOVD	$SYS_fcntl, R8
	SVC

handlers:
	MOVD	$·handler(SB), R4
	MOVD	R4, 0(RSP)
	MOVD	$SA_FLAGS, R4
	MOVD	R4, 8(RSP)
	MOVD	ZR, 16(RSP)
	MOVD	$-1, R4
	MOVD	R4, 24(RSP)
	MOVD	$64, R19		// from the last signal to the first
	MOVD	$0, R20
disposition:
	LSR	R19, R23, R4		// 64 counts as 0
	TBZ	$0, R4, uncaught
	MOVD	R19, R0
	MOVD	RSP, R1
	ADD	$32, RSP, R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigaction, R8
	SVC
	CBNZ	R0, uncaught		// KILL and STOP
	MOVD	32(RSP), R4
	CMP	$SIG_IGN, R4
	BNE	uncaught
	SUB	$1, R19, R6
	MOVD	$1, R5
	LSL	R6, R5, R5
	ORR	R5, R20, R20
uncaught:
	SUB	$1, R19, R19
	CBNZ	R19, disposition
	MOVBU	·guarded(SB), R4
	CBZ	R4, claimed
	MOVD	$·claimGuarded(SB), R4
	MOVD	R4, _cgo_sigaction(SB)
	JMP	restore
claimed:
	MOVD	R20, ·ignored(SB)
	MOVD	$·claim(SB), R4
	MOVD	R4, _cgo_sigaction(SB)

	// The mask, only to be read.
	MOVD	$SIG_SETMASK, R0
	MOVD	$0, R1
	MOVD	$·mask(SB), R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigprocmask, R8
	SVC
	MOVD	$1, R4
	MOVB	R4, ·active(SB)
	JMP	restore

failed:
	MOVB	ZR, ·guarded(SB)
restore:
	MOVD	R24, RSP
	JMP	_rt0_arm64(SB)
