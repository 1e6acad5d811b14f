// What a child finds when it starts.
#include "probe.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char **environ;

static void say_status(void)
{
	static const char *wanted[] = {"SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Groups", "Uid", "Gid", "CapEff"};
	char line[512];
	FILE *file = fopen("/proc/self/status", "re");

	if (!file)
		die_of("/proc/self/status");
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				say("%s", line);
	}
	fclose(file);
}

static void say_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		die_of("/proc/self/fd");
	while ((entry = readdir(dir))) {
		char path[300], target[300];
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n >= 0)
			say("fd: %d %.*s", fd, (int)n, target);
	}
	closedir(dir);
}

static void say_limits(void)
{
	for (int which = 0; which < RLIM_NLIMITS; which++) {
		struct rlimit limit;

		getrlimit(which, &limit);
		say("limit: %d %llu %llu", which, (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
	}
}

int report(int argc, char **argv)
{
	char cwd[1000];
	mode_t mask = umask(0);
	int death = 0;

	prctl(PR_GET_PDEATHSIG, &death);
	say("pid: %d", getpid());
	say("ppid: %d", getppid());
	say("pgrp: %d", getpgrp());
	say("sid: %d", getsid(0));
	say("foreground: %d", tcgetpgrp(0));
	say("cwd: %s", getcwd(cwd, sizeof cwd) ? cwd : "?");
	say("umask: %03o", mask);
	say("pdeathsig: %d", death);
	say_status();
	say_limits();
	say_descriptors();
	for (int i = 0; i < argc; i++)
		say("arg: %s", argv[i]);
	for (char **e = environ; *e; e++)
		say("env: %s", *e);
	say("end");
	return 0;
}
