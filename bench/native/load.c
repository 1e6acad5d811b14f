//go:build ignore

/*
 * load: a closed-loop HTTP/1.1 client of many connections that checks the status, the length and every body byte of every
 * answer; any difference ends it with code 1, because a figure over wrong answers is worth nothing.
 *
 * It keeps set-up out of the measurement: it opens its connections, warms up, lets every answer arrive, prints "ready" and
 * waits. On "go" it runs, lets every answer arrive again and prints "done REQUESTS NANOSECONDS 0"; on end of input it leaves.
 * So between "ready" and "done" a proxy does exactly the printed number of requests and nothing else.
 * The build line above keeps the go tool from treating this file as cgo.
 *
 * usage: load -p PORT -s BODY_BYTES -n CONNECTIONS -d RUN_MS -w WARM_MS [-k] [-r RATE] [-c CPU]
 *        -k: a new connection for each request, closed by the server
 *        -r: one request at a time, RATE per second by the clock
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 256,
	OPENING_MAX = 64,    /* connections being set up at once: below every proxy's backlog */
	STUCK_MS = 5000,     /* silence that means a lost answer */
	HEAD_MAX = 2048,
	SCRATCH_BYTES = 256 * 1024,
	PATTERN_PERIOD = 26, /* worker.c answers with the same */
};

struct conn {
	int fd;
	bool in_body;   /* the head is complete */
	bool complete;  /* only -k: the answer is whole, the server's FIN is missing */
	size_t got;     /* bytes of the head, then of the body */
	char head[HEAD_MAX + 1];
};

static int epoll_fd, port, conn_count = 1, run_ms = 300, warm_ms = 20, cpu = -1, rate;
static bool close_each;
static size_t body_bytes = 1024;
static char request[512];
static size_t request_len;
static char scratch[SCRATCH_BYTES];
static char pattern[SCRATCH_BYTES + PATTERN_PERIOD];
static struct conn *conns;
static int opened, in_flight;
static long requests;
static long deadline_ns;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void wrong(const char *what, const struct conn *c)
{
	fprintf(stderr, "wrong answer: %s after %zu bytes: %.60s\n", what, c->got, c->head);
	exit(1);
}

static long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Blocking: over loopback the kernel completes the handshake without the server's help. */
static void open_socket(struct conn *c)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static void issue(struct conn *c)
{
	if (close_each || c->fd < 0)
		open_socket(c);
	c->in_body = c->complete = false;
	c->got = 0;
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		die("send");
	in_flight++;
}

static void on_answer(struct conn *c)
{
	in_flight--;
	requests++;
	if (opened < conn_count)
		issue(&conns[opened++]);
	if (!rate && now_ns() < deadline_ns)
		issue(c);
}

static void finish(struct conn *c)
{
	if (close_each)
		c->complete = true;
	else
		on_answer(c);
}

static void take_body(struct conn *c, const char *bytes, size_t len)
{
	if (c->got + len > body_bytes)
		wrong("more than Content-Length", c);
	if (memcmp(bytes, pattern + c->got % PATTERN_PERIOD, len) != 0)
		wrong("body differs", c);
	c->got += len;
	if (c->got == body_bytes)
		finish(c);
}

static void take_head(struct conn *c, const char *bytes, size_t len)
{
	size_t room = HEAD_MAX - c->got, n = len < room ? len : room, before = c->got;
	memcpy(c->head + c->got, bytes, n);
	c->got += n;
	c->head[c->got] = 0;
	char *end = strstr(c->head, "\r\n\r\n");
	if (!end) {
		if (c->got == HEAD_MAX)
			wrong("head too long", c);
		return;
	}
	end[2] = 0;
	char *length = strcasestr(c->head, "\r\nContent-Length: ");
	if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0)
		wrong("status", c);
	if (!length || strtoul(length + 18, NULL, 10) != body_bytes)
		wrong("Content-Length", c);
	size_t used = end + 4 - c->head - before;
	c->in_body = true;
	c->got = 0;
	take_body(c, bytes + used, len - used);
}

static void on_readable(struct conn *c)
{
	ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		die("recv");
	if (n == 0 && c->complete) {
		close(c->fd);
		c->fd = -1;
		on_answer(c);
		return;
	}
	if (n == 0 || c->complete)
		wrong(n == 0 ? "closed early" : "bytes after the end", c);
	if (c->in_body)
		take_body(c, scratch, n);
	else
		take_head(c, scratch, n);
}

/* Handles answers until none is missing. */
static void await(void)
{
	struct epoll_event events[BATCH];
	while (in_flight) {
		int n = epoll_wait(epoll_fd, events, BATCH, STUCK_MS);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		if (n == 0) {
			fprintf(stderr, "no answer for %d ms, %d requests in flight\n", STUCK_MS, in_flight);
			exit(1);
		}
		for (int i = 0; i < n; i++)
			on_readable(events[i].data.ptr);
	}
}

/* Sends requests at fixed times, each on the connection after the last one's; one that is late is sent at once. */
static void pace(long start)
{
	for (long i = 0, at = start; at < deadline_ns; at = start + ++i * 1000000000L / rate) {
		struct timespec t = {.tv_sec = at / 1000000000L, .tv_nsec = at % 1000000000L};
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
			;
		issue(&conns[i % conn_count]);
		await();
	}
}

/* Runs until every answer has arrived; answers are followed by new requests until run_for milliseconds are over. */
static long run(int run_for)
{
	long start = now_ns();
	deadline_ns = start + run_for * 1000000L;
	if (rate && run_for > 0)
		pace(start);
	for (int i = 0; !rate && run_for > 0 && i < opened; i++)
		issue(&conns[i]);
	await();
	return now_ns() - start;
}

static void open_all(void)
{
	deadline_ns = 0;
	for (int i = 0; i < conn_count; i++)
		conns[i].fd = -1;
	while (opened < conn_count && opened < OPENING_MAX)
		issue(&conns[opened++]);
	run(0);
}

static void prepare(void)
{
	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = 'a' + i % PATTERN_PERIOD;
	request_len = snprintf(request, sizeof request,
			       "GET /%zu HTTP/1.1\r\nHost: bench.example:%d\r\nUser-Agent: load/1.0 (percore bench)\r\n"
			       "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nCookie: session=0123456789abcdef\r\n%s\r\n",
			       body_bytes, port, close_each ? "Connection: close\r\n" : "");
	conns = calloc(conn_count, sizeof *conns);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!conns || epoll_fd < 0)
		die("prepare");
	if (cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof set, &set) < 0)
			die("sched_setaffinity");
	}
}

static void parse(int argc, char **argv)
{
	for (int opt; (opt = getopt(argc, argv, "p:s:n:d:w:kr:c:")) != -1;) {
		switch (opt) {
		case 'p': port = atoi(optarg); break;
		case 's': body_bytes = strtoul(optarg, NULL, 10); break;
		case 'n': conn_count = atoi(optarg); break;
		case 'd': run_ms = atoi(optarg); break;
		case 'w': warm_ms = atoi(optarg); break;
		case 'k': close_each = true; break;
		case 'r': rate = atoi(optarg); break;
		case 'c': cpu = atoi(optarg); break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	char line[16];
	parse(argc, argv);
	prepare();
	open_all();
	run(warm_ms);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	if (!fgets(line, sizeof line, stdin))
		return 0;
	requests = 0;
	long elapsed = run(run_ms);
	printf("done %ld %ld 0\n", requests, elapsed); /* bodies.c has a third figure */
	/* The connections stay open until the reader has looked at the proxy's clocks. */
	while (fgets(line, sizeof line, stdin))
		;
	return 0;
}
