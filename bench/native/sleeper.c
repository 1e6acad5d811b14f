//go:build ignore

/*
 * sleeper: single-threaded workers for the rows about latency. Each is a process that takes one request at a time, sleeps for
 * as long as the request says (GET /MICROSECONDS) and answers 64 bytes, the way a synchronous worker that waits for its
 * database does; it uses no CPU, so that two CPUs can host dozens. Requests that come meanwhile wait in their sockets.
 * A body is read first, and GET /MICROSECONDS/BYTES has an answer of that length; it takes no other request until the body has
 * come and the answer has gone, however slow the other side is.
 * The build line above keeps the go tool from treating this file as cgo.
 *
 * usage: sleeper --port=N [--count=N]      (ports of 127.0.0.1, one process for each)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	HEAD_MAX = 4096,
	BODY = 64, /* load/open.go expects the same */
	PIECE = 64 * 1024,
};

struct conn {
	int fd;
	size_t len;
	char head[HEAD_MAX + 1];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

/* Waits for the rest of a body. False when the connection is gone. */
static int swallow(int fd, long left)
{
	static char piece[PIECE];
	while (left > 0) {
		ssize_t n = recv(fd, piece, left < PIECE ? left : PIECE, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		left -= n;
	}
	return 1;
}

/* Waits until all of it is sent. False when the connection is gone. */
static int put(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EPIPE && errno != ECONNRESET)
			die("send");
		if (n < 0)
			return 0;
		bytes += n;
		len -= n;
	}
	return 1;
}

static int put_long(int fd, long left)
{
	static const char piece[PIECE];
	for (; left > 0; left -= PIECE) {
		if (!put(fd, piece, left < PIECE ? left : PIECE))
			return 0;
	}
	return 1;
}

/* False when the connection is gone. */
static int answer(struct conn *c)
{
	char text[256], *size;
	long micros = strtol(strchr(c->head, '/') + 1, &size, 10), bytes = *size == '/' ? atol(size + 1) : BODY;
	struct timespec t = {.tv_sec = micros / 1000000, .tv_nsec = micros % 1000000 * 1000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	int len = sprintf(text, "HTTP/1.1 200 OK\r\nServer: sleeper\r\nContent-Type: text/plain\r\nContent-Length: %ld\r\n\r\n", bytes);
	if (*size == '/')
		return put(c->fd, text, len) && put_long(c->fd, bytes);
	len += sprintf(text + len, "%-*ld", BODY, micros);
	return put(c->fd, text, len);
}

/* False when the connection is gone. */
static int take(struct conn *c)
{
	ssize_t n = recv(c->fd, c->head + c->len, HEAD_MAX - c->len, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return 1;
	if (n <= 0)
		return 0;
	c->len += n;
	c->head[c->len] = 0;
	char *end = strstr(c->head, "\r\n\r\n"), *length = strcasestr(c->head, "\r\nContent-Length: ");
	if (!end)
		return c->len < HEAD_MAX;
	long body = length && length < end ? atol(length + 18) : 0, came = c->head + c->len - (end + 4);
	if (!swallow(c->fd, body - came) || !answer(c))
		return 0;
	int keep = strcasestr(c->head, "\r\nConnection: close\r\n") == NULL;
	c->len = 0;
	return keep;
}

static void welcome(int epoll_fd, int listener)
{
	struct conn *c;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (!(c = calloc(1, sizeof *c)))
		die("calloc");
	c->fd = fd;
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

/* One event at a time: the kernel's list of ready sockets is then the queue, first come, first served. */
static void serve(int port)
{
	int listener = listen_on(port), epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	prctl(PR_SET_TIMERSLACK, 1);
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &ev) < 0)
		die("epoll_ctl");
	for (;;) {
		if (epoll_wait(epoll_fd, &ev, 1, -1) < 1)
			continue;
		struct conn *c = ev.data.ptr;
		if (!c) {
			welcome(epoll_fd, listener);
		} else if (!take(c)) {
			close(c->fd);
			free(c);
		}
	}
}

int main(int argc, char **argv)
{
	int port = 0, count = 1;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--port=", 7) == 0)
			port = atoi(argv[i] + 7);
		else if (strncmp(argv[i], "--count=", 8) == 0)
			count = atoi(argv[i] + 8);
	}
	if (!port) {
		fprintf(stderr, "usage: sleeper --port=N [--count=N]\n");
		return 2;
	}
	for (int i = 1; i < count; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(port + i);
		}
	}
	serve(port);
}
