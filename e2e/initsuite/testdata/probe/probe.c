#include "probe.h"

void say(const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	if (n > (int)sizeof line - 2)
		n = sizeof line - 2;
	line[n] = '\n';
	if (write(1, line, n + 1) < 0)
		_exit(99);
}

void die_of(const char *what)
{
	dprintf(2, "probe: %s: %s\n", what, strerror(errno));
	_exit(99);
}

void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int exit_with(int argc, char **argv)
{
	return argc > 1 ? atoi(argv[1]) : 0;
}

// die_by ends by the signal in argv[1], whatever was inherited as ignored or blocked.
static int die_by(int argc, char **argv)
{
	int sig = argc > 1 ? atoi(argv[1]) : SIGTERM;
	sigset_t none;

	signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	kill(getpid(), sig);
	return 99;
}

// idle says that it runs and then does nothing, with the dispositions it was given.
static int idle(int argc, char **argv)
{
	say("ready");
	for (;;)
		pause();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int, char **);
} words[] = {
	{"stage", stage},     {"report", report},       {"record", record},       {"tree", tree},
	{"orphans", orphans}, {"storm", storm},         {"together", together},   {"leftovers", leftovers},
	{"adopter", adopter}, {"readline", read_line},  {"raw", raw_terminal},    {"exit", exit_with},
	{"die", die_by},      {"idle", idle},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof words / sizeof *words; i++)
		if (strcmp(argv[1], words[i].name) == 0)
			return words[i].run(argc - 1, argv + 1);
	dprintf(2, "probe: unknown word\n");
	return 99;
}
