//go:build ignore

/*
 * relay: the floor of the comparison. It moves bytes between one client connection and one upstream connection and parses
 * nothing: recv, send, recv, send and a share of one epoll_wait per request, which is the least that any HTTP hop built on
 * epoll can do. The build line above keeps the go tool from treating this file as cgo.
 *
 * usage: relay LISTEN_PORT UPSTREAM      (a port of 127.0.0.1, UPSTREAM also the path of a unix socket)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
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
	SCRATCH_BYTES = 256 * 1024, /* the size at which a loopback copy stops getting cheaper */
};

/* One end of a relayed pair. Both ends are freed together at the end of the batch in which either of them closed. */
struct end {
	int fd;
	bool readable; /* edge-triggered: bytes may be left in the socket */
	bool closed;
	struct end *peer;
	struct end *next_dead;
	char *pending; /* what the socket did not take yet; room for one scratch, kept once allocated */
	size_t pending_off, pending_len;
};

static int epoll_fd;
static union {
	struct sockaddr any;
	struct sockaddr_in tcp;
	struct sockaddr_un path;
} upstream_addr;
static socklen_t upstream_len;
static struct end *dead;
static char scratch[SCRATCH_BYTES];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void close_pair(struct end *e)
{
	if (e->closed)
		return;
	e->closed = e->peer->closed = true;
	close(e->fd);
	close(e->peer->fd);
	e->next_dead = dead;
	dead = e;
}

static void free_dead(void)
{
	while (dead) {
		struct end *e = dead;
		dead = e->next_dead;
		free(e->pending);
		free(e->peer->pending);
		free(e->peer);
		free(e);
	}
}

/* Edge-triggered and registered for writing from birth: no epoll_ctl after the first. */
static struct end *watch(int fd)
{
	struct end *e = calloc(1, sizeof *e);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = e};
	if (!e)
		die("calloc");
	e->fd = fd;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
	return e;
}

static void keep(struct end *e, const char *bytes, size_t len)
{
	if (!e->pending && !(e->pending = malloc(SCRATCH_BYTES)))
		die("malloc");
	memcpy(e->pending, bytes, len);
	e->pending_off = 0;
	e->pending_len = len;
}

/* True when nothing is left to send; false when the socket is full or gone. */
static bool flush(struct end *e)
{
	while (e->pending_len) {
		ssize_t n = send(e->fd, e->pending + e->pending_off, e->pending_len, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN)
				close_pair(e);
			return false;
		}
		e->pending_off += n;
		e->pending_len -= n;
	}
	return true;
}

static void forward(struct end *to, size_t len)
{
	ssize_t n = send(to->fd, scratch, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		close_pair(to);
		return;
	}
	if (n < 0)
		n = 0;
	if ((size_t)n < len)
		keep(to, scratch + n, len - n);
}

/* Reads until the socket is drained or the peer is full. A short read means drained, unless the other side has hung up. */
static void pump(struct end *from, bool hung_up)
{
	while (from->readable && !from->closed && !from->peer->pending_len) {
		ssize_t n = recv(from->fd, scratch, sizeof scratch, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			close_pair(from);
			return;
		}
		if (n < (ssize_t)sizeof scratch && (n < 0 || !hung_up))
			from->readable = false;
		if (n > 0)
			forward(from->peer, n);
	}
}

static void on_event(struct end *e, unsigned events)
{
	bool hung_up = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	if (e->closed)
		return;
	if ((events & EPOLLOUT) && e->pending_len && flush(e))
		pump(e->peer, false);
	if (e->closed || !(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return;
	e->readable = true;
	pump(e, hung_up);
}

static void on_accept(int listener)
{
	for (int i = 0; i < 64; i++) {
		int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int one = 1;
		if (client < 0)
			return;
		int up = socket(upstream_addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (up < 0)
			die("socket");
		if (upstream_addr.any.sa_family == AF_INET)
			setsockopt(up, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (connect(up, &upstream_addr.any, upstream_len) < 0 && errno != EINPROGRESS)
			die("connect");
		struct end *a = watch(client), *b = watch(up);
		a->peer = b;
		b->peer = a;
	}
}

static int open_listener(int port)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* inherited by what it accepts */
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0)
		die("listen");
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
	return fd;
}

static void raise_fd_limit(void)
{
	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static void aim(const char *upstream)
{
	if (upstream[0] == '/') {
		upstream_len = sizeof upstream_addr.path;
		upstream_addr.path.sun_family = AF_UNIX;
		snprintf(upstream_addr.path.sun_path, sizeof upstream_addr.path.sun_path, "%s", upstream);
		return;
	}
	upstream_len = sizeof upstream_addr.tcp;
	upstream_addr.tcp.sin_family = AF_INET;
	upstream_addr.tcp.sin_port = htons(atoi(upstream));
	upstream_addr.tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

int main(int argc, char **argv)
{
	struct epoll_event events[BATCH];
	if (argc != 3) {
		fprintf(stderr, "usage: relay LISTEN_PORT UPSTREAM\n");
		return 2;
	}
	raise_fd_limit();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	aim(argv[2]);
	int listener = open_listener(atoi(argv[1]));
	for (;;) {
		int n = epoll_wait(epoll_fd, events, BATCH, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				on_event(events[i].data.ptr, events[i].events);
			else
				on_accept(listener);
		}
		free_dead();
	}
}
