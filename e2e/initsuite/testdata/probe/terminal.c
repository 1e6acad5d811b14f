// Children that use a terminal.
#include "probe.h"
#include <termios.h>

// read_line reads one line from stdin and says it, or why it could not.
int read_line(int argc, char **argv)
{
	char line[256];

	say("ready");
	ssize_t n = read(0, line, sizeof line - 1);
	if (n < 0) {
		say("errno %d", errno);
		return 1;
	}
	line[n] = 0;
	line[strcspn(line, "\r\n")] = 0;
	say("got %s", line);
	return 0;
}

// raw_terminal switches echo and lines off, and leaves that to whoever ends it.
int raw_terminal(int argc, char **argv)
{
	struct termios modes;

	if (tcgetattr(0, &modes) < 0)
		die_of("tcgetattr");
	cfmakeraw(&modes);
	if (tcsetattr(0, TCSANOW, &modes) < 0)
		die_of("tcsetattr");
	say("ready");
	if (argc > 1)
		return 0;
	for (;;)
		pause();
}
