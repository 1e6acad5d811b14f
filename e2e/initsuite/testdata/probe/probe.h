// The probe is what a scenario runs under an init: it says what it sees and what reaches it.
// It is C because a Go program has handlers, threads and an idea of SIGURG of its own.
#ifndef PROBE_H
#define PROBE_H

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// say writes one line with a single write, so that processes which share a pipe do not mix.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// die_of ends the probe because the machine, not the init, let it down.
void die_of(const char *what) __attribute__((noreturn));

// block_all blocks all 64 signals, those the C library keeps for itself included.
void block_all(void);

// listen_as blocks every signal and says each one that arrives, one line per delivery, until it is killed.
void listen_as(const char *name) __attribute__((noreturn));

// orphan forks a grandchild whose parent is gone when this returns. It is 0 in the grandchild.
pid_t orphan(void);

void sleep_ms(long ms);
long now_ms(void);

int stage(int argc, char **argv);
int report(int argc, char **argv);
int record(int argc, char **argv);
int tree(int argc, char **argv);
int orphans(int argc, char **argv);
int storm(int argc, char **argv);
int together(int argc, char **argv);
int leftovers(int argc, char **argv);
int adopter(int argc, char **argv);
int read_line(int argc, char **argv);
int raw_terminal(int argc, char **argv);

// run_storm makes orphans that end at once, rate a second, for a time. It returns how many.
long run_storm(long rate, long ms);

#endif
