//go:build ignore

/*
 * worker: the upstream of the comparison, as cheap and as constant as an HTTP/1.1 server can be. GET /SIZE answers SIZE
 * bytes (1024, 65536 or 1048576) of a pattern that depends on the position, from memory prepared at the start; GET /echo
 * answers the request head it got, so that the bench can check which headers each proxy adds.
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
	PATTERN_PERIOD = 26, /* load.c expects the same */
};

struct answer {
	const char *path;
	size_t body;
	char *bytes;
	size_t len;
};

static struct answer answers[] = {{"/1024 ", 1024, NULL, 0}, {"/65536 ", 65536, NULL, 0}, {"/1048576 ", 1048576, NULL, 0}};

struct conn {
	int fd;
	bool closing;  /* the request said Connection: close */
	bool blocked;  /* waits for EPOLLOUT instead of EPOLLIN */
	const char *out;
	size_t out_len;
	size_t head_len;
	char head[HEAD_MAX + 1];
	char echo[HEAD_MAX + 128];
};

static int epoll_fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void prepare_answers(void)
{
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

/* Chooses the answer to the head in c->head, which ends in a blank line and a NUL. */
static void choose(struct conn *c)
{
	c->closing = strcasestr(c->head, "\r\nConnection: close\r\n") != NULL;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (strncmp(c->head + 4, answers[i].path, strlen(answers[i].path)) == 0) {
			c->out = answers[i].bytes;
			c->out_len = answers[i].len;
			return;
		}
	}
	bool echo = strncmp(c->head + 4, "/echo ", 6) == 0;
	c->out_len = sprintf(c->echo, "HTTP/1.1 %s\r\nServer: worker\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
			     echo ? "200 OK" : "404 Not Found", echo ? c->head_len : 0, echo ? c->head : "");
	c->out = c->echo;
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
	return true;
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
	if (c->head_len < 4 || memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4) != 0) {
		if (c->head_len == HEAD_MAX)
			drop(c);
		return;
	}
	choose(c);
	c->head_len = 0;
	write_answer(c);
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
				read_head(c);
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
