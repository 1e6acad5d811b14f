// Children that say which signals reach them, alone and as a tree of processes.
#include "probe.h"
#include <poll.h>
#include <sys/signalfd.h>

static const uint64_t every_signal = ~0ULL;

void block_all(void)
{
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every_signal, NULL, sizeof every_signal) < 0)
		die_of("rt_sigprocmask");
}

void listen_as(const char *name)
{
	block_all();
	int fd = syscall(SYS_signalfd4, -1, &every_signal, sizeof every_signal, SFD_CLOEXEC);
	struct signalfd_siginfo info;

	if (fd < 0)
		die_of("signalfd");
	say("ready %s", name);
	while (read(fd, &info, sizeof info) == sizeof info)
		say("signal %s %u", name, info.ssi_signo);
	die_of("read signalfd");
}

// record listens; with a rate and a time it makes a storm of orphans beside it.
int record(int argc, char **argv)
{
	block_all();
	if (argc > 2) {
		pid_t pid = fork();

		if (pid == 0) {
			// The listener is the init's child; this one's zombies must not be its business.
			sigset_t none;
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			sleep_ms(50);
			run_storm(atol(argv[1]), atol(argv[2]));
			say("storm over");
			_exit(0);
		}
	}
	listen_as("main");
}

int tree(int argc, char **argv)
{
	block_all();
	if (fork() == 0)
		listen_as("same-group");
	if (fork() == 0) {
		setsid();
		listen_as("own-session");
	}
	if (orphan() == 0) {
		setsid();
		listen_as("daemon");
	}
	listen_as("main");
}
