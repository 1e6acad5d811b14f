#define RECORD 32 // RecordBytes

// The signals that the kernel raises for faulty code: ILL 4, TRAP 5, BUS 7, FPE 8, SEGV 11, SYS 31.
#define FAULTS 0x800009b0

// The signals that end a program and that percore obeys: HUP 1, INT 2, QUIT 3, TERM 15.
#define GUARDED 0x800e

#define EINVAL 22

#define SIG_SETMASK 2
#define SIG_IGN     1
#define SA_RESTORER 0x04000000
#define SA_FLAGS    0x18000004 // SA_SIGINFO, SA_RESTART, SA_ONSTACK

#define F_GETFD          1
#define F_SETFL          4
#define F_DUPFD_CLOEXEC  1030
#define O_NONBLOCK       0x800
#define O_CLOEXEC        0x80000
#define FIRST_DESCRIPTOR 10 // for the pipe: 0 to 2 may be closed, and the next ones are what socket activation talks about

// "init", "PERCORE_" and "MODE=ini" as numbers; "t" and the end.
#define INIT     0x74696e69
#define PERCORE_ 0x5f45524f43524550
#define MODE_INI 0x696e693d45444f4d
#define T_END    0x74

// "percore-" and "shim" likewise: argv[0] of the shim, entry.ShimName.
#define PERCORE_DASH 0x2d65726f63726570
#define SHIM         0x6d696873
