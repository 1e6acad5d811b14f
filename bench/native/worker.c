//go:build ignore

/*
 * worker: the upstream of the comparison, as cheap and as constant as an HTTP/1.1 server can be. GET /SIZE answers SIZE
 * bytes (1024, 65536, 1048576 or 10485760) of a pattern that depends on the position, from memory prepared at the start. A
 * body that comes with the request is read whole before, and has to have the same pattern, or the answer is 400. GET /echo
 * answers the request head it got, so that the bench can check which headers each proxy adds; GET /whole how many of the
 * answers to /SIZE it has written to their end, so that a client can tell when the worker has been let go.
 * The build line above keeps the go tool from treating this file as cgo.
 *
 * usage: worker --port=N [--socket=PATH] [--cpu=N]      (the port is on 127.0.0.1)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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
#include <sys/un.h>
#include <unistd.h>

enum {
	BATCH = 256,
	HEAD_MAX = 4096,
	SCRATCH_BYTES = 256 * 1024,
	PATTERN_PERIOD = 26, /* load.c and bodies.c expect the same, and bodies.c sends it */
};

struct answer {
	const char *path;
	size_t body;
	char *bytes;
	size_t len;
};

static struct answer answers[] = {{"/1024 ", 1024, NULL, 0}, {"/65536 ", 65536, NULL, 0}, {"/1048576 ", 1048576, NULL, 0},
				  {"/10485760 ", 10485760, NULL, 0}};

/* What of a request body comes next. */
enum part { NONE, SIZE, DATA, DATA_END, LAST_END, WHOLE };

/* A request body that is read: of a known length, which is one piece of DATA, or in chunks. */
struct body {
	enum part next;
	bool chunked;
	bool wrong;    /* a byte differs from the pattern */
	size_t got;    /* bytes of the body */
	size_t left;   /* of it, or of the chunk */
	size_t line_len;
	char line[32]; /* that a chunk begins with */
};

struct conn {
	int fd;
	bool counts;   /* its answer is one of those that /whole counts */
	bool closing;  /* the request said Connection: close */
	bool blocked;  /* waits for EPOLLOUT instead of EPOLLIN */
	const char *out;
	size_t out_len;
	size_t head_len;
	char head[HEAD_MAX + 1];
	char echo[HEAD_MAX + 128];
	struct body body;
};

static int epoll_fd;
static long whole; /* answers to /SIZE that were written to their end */
static char scratch[SCRATCH_BYTES];
static char pattern[SCRATCH_BYTES + PATTERN_PERIOD];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void prepare_answers(void)
{
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = 'a' + i % PATTERN_PERIOD;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct answer *a = &answers[i];
		a->bytes = malloc(a->body + 256);
		if (!a->bytes)
			die("malloc");
		a->len = sprintf(a->bytes, "HTTP/1.1 200 OK\r\nServer: worker\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", a->body);
		for (size_t j = 0; j < a->body; j++)
			a->bytes[a->len + j] = 'a' + j % PATTERN_PERIOD;
		a->len += a->body;
	}
}

static void drop(struct conn *c)
{
	close(c->fd);
	free(c);
}

static void watch(struct conn *c, int op, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};
	if (epoll_ctl(epoll_fd, op, c->fd, &ev) < 0)
		die("epoll_ctl");
}

/* An answer of its own, in place of one that is prepared. */
static void compose(struct conn *c, const char *status, const char *text)
{
	c->counts = false;
	c->out_len = sprintf(c->echo, "HTTP/1.1 %s\r\nServer: worker\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
			     status, strlen(text), text);
	c->out = c->echo;
}

/* Chooses the answer to the head in c->head, which ends in a blank line and a NUL. */
static void choose(struct conn *c)
{
	char count[24];
	char *path = strchr(c->head, ' ');
	c->closing = strcasestr(c->head, "\r\nConnection: close\r\n") != NULL;
	for (size_t i = 0; path && i < sizeof answers / sizeof *answers; i++) {
		if (strncmp(path + 1, answers[i].path, strlen(answers[i].path)) == 0) {
			c->out = answers[i].bytes;
			c->out_len = answers[i].len;
			c->counts = true;
			return;
		}
	}
	sprintf(count, "%ld", whole);
	if (path && strncmp(path, " /echo ", 7) == 0)
		compose(c, "200 OK", c->head);
	else if (path && strncmp(path, " /whole ", 8) == 0)
		compose(c, "200 OK", count);
	else
		compose(c, "404 Not Found", "");
}

/* False when the connection is gone. */
static bool write_answer(struct conn *c)
{
	while (c->out_len) {
		ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			if (!c->blocked)
				watch(c, EPOLL_CTL_MOD, EPOLLOUT);
			c->blocked = true;
			return true;
		}
		if (n < 0) {
			drop(c);
			return false;
		}
		c->out += n;
		c->out_len -= n;
	}
	if (c->closing) {
		drop(c);
		return false;
	}
	if (c->blocked)
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
	c->blocked = false;
	whole += c->counts;
	return true;
}

/* What the head in c->head says about a body. */
static void begin_body(struct conn *c)
{
	char *length = strcasestr(c->head, "\r\nContent-Length: ");
	memset(&c->body, 0, sizeof c->body);
	c->body.chunked = strcasestr(c->head, "\r\nTransfer-Encoding: chunked\r\n") != NULL;
	c->body.left = length ? strtoul(length + 18, NULL, 10) : 0;
	if (c->body.chunked)
		c->body.next = SIZE;
	else
		c->body.next = c->body.left ? DATA : WHOLE;
}

static void take_data(struct body *b, const char *bytes, size_t len)
{
	if (memcmp(bytes, pattern + b->got % PATTERN_PERIOD, len) != 0)
		b->wrong = true;
	b->got += len;
	b->left -= len;
	if (!b->left)
		b->next = b->chunked ? DATA_END : WHOLE;
}

/* A byte of what is around chunks. */
static void take_framing(struct body *b, char byte)
{
	if (byte != '\n') {
		if (b->line_len < sizeof b->line - 1)
			b->line[b->line_len++] = byte;
		return;
	}
	b->line[b->line_len] = 0;
	b->line_len = 0;
	if (b->next == DATA_END) {
		b->next = SIZE;
	} else if (b->next == LAST_END) {
		b->next = WHOLE;
	} else {
		b->left = strtoul(b->line, NULL, 16);
		b->next = b->left ? DATA : LAST_END;
	}
}

static void take_body(struct conn *c, const char *bytes, size_t len)
{
	struct body *b = &c->body;
	while (len && b->next != WHOLE) {
		size_t n = 1;
		if (b->next == DATA) {
			n = len < b->left ? len : b->left;
			take_data(b, bytes, n);
		} else {
			take_framing(b, *bytes);
		}
		bytes += n;
		len -= n;
	}
	if (b->next != WHOLE)
		return;
	if (b->wrong)
		compose(c, "400 Bad Request", "the body differs");
	b->next = NONE;
	write_answer(c);
}

static void read_body(struct conn *c)
{
	ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		drop(c);
	else
		take_body(c, scratch, n);
}

static void read_head(struct conn *c)
{
	ssize_t n = recv(c->fd, c->head + c->head_len, HEAD_MAX - c->head_len, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->head_len += n;
	c->head[c->head_len] = 0;
	char *end = strstr(c->head, "\r\n\r\n");
	if (!end) {
		if (c->head_len == HEAD_MAX)
			drop(c);
		return;
	}
	char *rest = end + 4, first = *rest;
	size_t len = c->head + c->head_len - rest;
	c->head_len = *rest = 0;
	choose(c);
	begin_body(c);
	*rest = first;
	take_body(c, rest, len);
}

static void on_readable(struct conn *c)
{
	if (c->body.next == NONE)
		read_head(c);
	else
		read_body(c);
}

static void on_accept(int listener)
{
	for (int i = 0; i < 64; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct conn *c = calloc(1, sizeof *c);
		if (!c)
			die("calloc");
		c->fd = fd;
		watch(c, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static int open_listener(struct sockaddr *addr, socklen_t len)
{
	int one = 1, fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (addr->sa_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* inherited by what it accepts */
	if (fd < 0 || bind(fd, addr, len) < 0 || listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

static int open_tcp(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return open_listener((struct sockaddr *)&addr, sizeof addr);
}

static int open_unix(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
	unlink(path);
	return open_listener((struct sockaddr *)&addr, sizeof addr);
}

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		die("sched_setaffinity");
}

static void raise_fd_limit(void)
{
	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

/* Listeners are told from connections by the events' data: a pointer into this array. */
static int listeners[2];
static int listener_count;

static void serve(void)
{
	struct epoll_event events[BATCH];
	for (;;) {
		int n = epoll_wait(epoll_fd, events, BATCH, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			int *listener = events[i].data.ptr;
			struct conn *c = events[i].data.ptr;
			if (listener >= listeners && listener < listeners + 2)
				on_accept(*listener);
			else if (events[i].events & EPOLLOUT)
				write_answer(c);
			else
				on_readable(c);
		}
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--port=", 7) == 0 && listener_count < 2)
			listeners[listener_count++] = open_tcp(atoi(argv[i] + 7));
		else if (strncmp(argv[i], "--socket=", 9) == 0 && listener_count < 2)
			listeners[listener_count++] = open_unix(argv[i] + 9);
		else if (strncmp(argv[i], "--cpu=", 6) == 0)
			pin(atoi(argv[i] + 6));
	}
	if (!listener_count) {
		fprintf(stderr, "usage: worker --port=N [--socket=PATH] [--cpu=N]\n");
		return 2;
	}
	raise_fd_limit();
	prepare_answers();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < listener_count; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &listeners[i]};
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listeners[i], &ev) < 0)
			die("epoll_ctl");
	}
	serve();
}
