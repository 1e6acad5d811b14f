// Processes whose parents leave them.
#include "probe.h"
#include <dirent.h>
#include <sched.h>

// orphan returns after the middle process is gone; the grandchild waits until it has been adopted.
pid_t orphan(void)
{
	int gone[2];

	if (pipe(gone) < 0)
		die_of("pipe");
	pid_t middle = fork();
	if (middle < 0)
		die_of("fork");
	if (middle == 0) {
		pid_t me = getpid();

		if (fork() != 0)
			_exit(0);
		close(gone[0]);
		while (getppid() == me)
			sched_yield();
		close(gone[1]);
		return 0;
	}
	char byte;
	close(gone[1]);
	waitpid(middle, NULL, 0);
	while (read(gone[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(gone[0]);
	return middle;
}

// zombies counts the dead that nobody has waited for in this /proc.
static int zombies(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		char path[300], line[512];
		FILE *file;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		if (!(file = fopen(path, "re")))
			continue;
		if (fgets(line, sizeof line, file)) {
			char *state = strrchr(line, ')');
			count += state && state[2] == 'Z';
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return count;
}

// patient_fork waits for zombies to go when no more processes are allowed.
static pid_t patient_fork(void)
{
	pid_t pid = fork();

	for (int i = 0; pid < 0 && errno == EAGAIN && i < 2000; i++) {
		sleep_ms(1);
		pid = fork();
	}
	if (pid < 0)
		die_of("fork");
	return pid;
}

// clean_after says how long it took until no zombie was left, or how many are after two seconds.
static void clean_after(void)
{
	long began = now_ms();
	int left = zombies();

	while (left > 0 && now_ms() - began < 2000) {
		sleep_ms(1);
		left = zombies();
	}
	say("clean %ld zombies %d", now_ms() - began, left);
}

// crowd makes count orphans that all end when the returned descriptor is closed.
static int crowd(long count)
{
	int hold[2];

	if (pipe(hold) < 0)
		die_of("pipe");
	pid_t middle = patient_fork();
	if (middle == 0) {
		close(hold[1]);
		for (long i = 0; i < count; i++) {
			pid_t pid = patient_fork();
			char byte;

			if (pid == 0) {
				if (read(hold[0], &byte, 1) < 0)
					_exit(1);
				_exit(0);
			}
		}
		_exit(0);
	}
	int status;
	close(hold[0]);
	waitpid(middle, &status, 0);
	if (status != 0)
		die_of("fork a crowd");
	return hold[1];
}

// orphans N [MS]: N of them end at once; after MS milliseconds says how long zombies are still there.
int orphans(int argc, char **argv)
{
	int hold = crowd(argc > 1 ? atol(argv[1]) : 1);

	say("ready");
	sleep_ms(100);
	close(hold);
	sleep_ms(argc > 2 ? atol(argv[2]) : 0);
	clean_after();
	return 0;
}

// together CODE N: ends with CODE in the same moment as N orphans.
int together(int argc, char **argv)
{
	int hold = crowd(argc > 2 ? atol(argv[2]) : 1);

	close(hold);
	return argc > 1 ? atoi(argv[1]) : 0;
}

long run_storm(long rate, long ms)
{
	enum { batch = 50 };
	long start = now_ms(), made = 0;

	while (now_ms() - start < ms) {
		long due = (now_ms() - start) * rate / 1000;

		if (made >= due) {
			sleep_ms(1);
			continue;
		}
		pid_t middle = fork();
		if (middle < 0)
			die_of("fork in a storm");
		if (middle == 0) {
			for (int i = 0; i < batch; i++) {
				pid_t pid = vfork();

				if (pid <= 0)
					_exit(pid < 0);
			}
			_exit(0);
		}
		int status;
		waitpid(middle, &status, 0);
		if (status != 0)
			die_of("vfork in a storm");
		made += batch;
	}
	return made;
}

// storm RATE MS: says how many orphans were made, and the zombies left 100 ms after the last.
int storm(int argc, char **argv)
{
	say("ready");
	long made = run_storm(argc > 1 ? atol(argv[1]) : 1000, argc > 2 ? atol(argv[2]) : 1000);
	say("made %ld", made);
	clean_after();
	pause();
	return 0;
}

// adopter says who its parent is and who takes over its orphan.
int adopter(int argc, char **argv)
{
	int told[2];
	pid_t adopted_by = 0;

	if (pipe(told) < 0)
		die_of("pipe");
	if (orphan() == 0) {
		adopted_by = getppid();
		_exit(write(told[1], &adopted_by, sizeof adopted_by) < 0);
	}
	if (read(told[0], &adopted_by, sizeof adopted_by) < 0)
		die_of("read");
	sleep_ms(200);
	say("adopted by %d, parent %d, zombies %d", adopted_by, getppid(), zombies());
	return 0;
}

// gentle tidies up when it is asked to leave.
static void gentle(void)
{
	sigset_t term;
	int sig;

	prctl(PR_SET_NAME, "gentle");
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	say("ready gentle");
	sigwait(&term, &sig);
	say("gentle asked");
	sleep_ms(300);
	say("gentle done");
	_exit(0);
}

static void stubborn(void)
{
	prctl(PR_SET_NAME, "stubborn");
	signal(SIGTERM, SIG_IGN);
	setsid();
	say("ready stubborn");
	for (;;)
		pause();
}

// leftovers CODE [stubborn|stays]: ends with CODE while others still run, or stays until a signal ends it.
int leftovers(int argc, char **argv)
{
	if (orphan() == 0)
		gentle();
	if (argc > 2 && strcmp(argv[2], "stubborn") == 0 && orphan() == 0)
		stubborn();
	if (argc > 2 && strcmp(argv[2], "stays") == 0)
		for (;;)
			pause();
	sleep_ms(200);
	say("main leaves");
	return argc > 1 ? atoi(argv[1]) : 0;
}
