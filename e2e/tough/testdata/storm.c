/*
 * storm RATE SECONDS makes RATE orphans a second. Every ten milliseconds a parent forks its share of children, which
 * wait until it is gone: the end of their pipe says so. Whoever adopts them has to reap them. Prints how many it made.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 100, STACK = 4096, MOST = 1000 };

static char stacks[MOST][STACK];
static int fds[2];

/* The child shares the parent's memory, so that a fork costs little, but not its descriptors. */
static int child(void *code)
{
	char c;

	close(fds[1]);
	while (read(fds[0], &c, 1) > 0)
		;
	_exit((int)(long)code);
}

static int orphans(int n)
{
	int made = 0;

	if (pipe(fds) != 0)
		return 0;
	for (long i = 0; i < n && i < MOST; i++)
		made += clone(child, stacks[i] + STACK, CLONE_VM | SIGCHLD, (void *)(i & 255)) > 0;
	return made;
}

int main(int argc, char **argv)
{
	int rate = argc > 1 ? atoi(argv[1]) : 1000, seconds = argc > 2 ? atoi(argv[2]) : 1;
	long total = 0;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int turn = 0; turn < TURNS * seconds; turn++) {
		int told[2], made = 0;

		if (pipe(told) != 0)
			return 1;
		if (fork() == 0) {
			close(told[0]);
			made = orphans(rate / TURNS);
			if (write(told[1], &made, sizeof made) < 0)
				_exit(1);
			_exit(0);
		}
		close(told[1]);
		if (read(told[0], &made, sizeof made) == sizeof made)
			total += made;
		close(told[0]);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		next.tv_nsec += 1000000000 / TURNS;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", total);
	return 0;
}
