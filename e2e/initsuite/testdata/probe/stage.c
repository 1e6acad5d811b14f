// The stage is the ground an init is started on: a /proc of its namespace, a mask, limits and
// descriptors to inherit. It becomes the init by exec, so the init has the stage's pid.
#include "probe.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void mount_proc(void)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die_of("make mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die_of("mount /proc");
}

static void limit_files(rlim_t soft)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die_of("getrlimit");
	limit.rlim_cur = soft;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die_of("setrlimit");
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

// deny has a system call fail with an error from now on, here and in all that comes of it, unless its first argument has a bit of those
// excepted. The stage itself becomes the init by execveat, so execve may be denied.
static void deny(long number, long error, long excepted)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, excepted, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof code / sizeof *code, code};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		die_of("seccomp");
}

// nurse stays PID 1 while the init runs below it, tells its end on fd, and goes on reaping until killed.
static void nurse(int fd)
{
	pid_t init = fork();
	int status;

	if (init < 0)
		die_of("fork");
	if (init == 0) {
		if (setpgid(0, 0) < 0)
			die_of("setpgid");
		if (tcgetpgrp(0) >= 0) {
			signal(SIGTTOU, SIG_IGN);
			tcsetpgrp(0, getpid());
			signal(SIGTTOU, SIG_DFL);
		}
		return;
	}
	for (;;) {
		pid_t pid = wait(&status);

		if (pid == init)
			dprintf(fd, "%d\n", status);
		else if (pid < 0)
			pause();
	}
}

// environment replaces what is inherited by the variables named in options, odd ones too.
static char *environment[64];

static void apply(char *option)
{
	long value = strtol(strchr(option, '=') ? strchr(option, '=') + 1 : "0", NULL, 0);

	if (strcmp(option, "proc") == 0)
		mount_proc();
	else if (strncmp(option, "block=", 6) == 0)
		block(value);
	else if (strncmp(option, "ignore=", 7) == 0)
		signal(value, SIG_IGN);
	else if (strncmp(option, "umask=", 6) == 0)
		umask(value);
	else if (strncmp(option, "deny=", 5) == 0)
		deny(value, strtol(strchr(option, ',') + 1, NULL, 0), 0);
	else if (strncmp(option, "nofork=", 7) == 0) {
		deny(SYS_clone, value, CLONE_THREAD);
		deny(SYS_clone3, ENOSYS, 0);
#ifdef SYS_fork
		deny(SYS_fork, value, 0);
		deny(SYS_vfork, value, 0);
#endif
	} else if (strncmp(option, "nofile=", 7) == 0)
		limit_files(value);
	else if (strncmp(option, "close=", 6) == 0)
		close(value);
	else if (strncmp(option, "cloexec=", 8) == 0)
		fcntl(value, F_SETFD, FD_CLOEXEC);
	else if (strncmp(option, "env=", 4) == 0) {
		for (int i = 0; i < 63; i++)
			if (!environment[i]) {
				environment[i] = option + 4;
				break;
			}
	} else if (strncmp(option, "nurse=", 6) == 0)
		nurse(value);
	else {
		dprintf(2, "probe: unknown option %s\n", option);
		_exit(99);
	}
}

int stage(int argc, char **argv)
{
	struct rlimit no_core = {0, 0};
	int i = 1;

	setrlimit(RLIMIT_CORE, &no_core);
	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		apply(argv[i]);
	if (i + 1 >= argc)
		return 99;
	if (environment[0])
		environ = environment;
	if (strchr(argv[i + 1], '/'))
		syscall(SYS_execveat, AT_FDCWD, argv[i + 1], argv + i + 1, environ, 0);
	else
		execvp(argv[i + 1], argv + i + 1);
	die_of(argv[i + 1]);
}
