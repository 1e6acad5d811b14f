//go:build ignore

/*
 * bodies: a closed loop of requests with large bodies, up or down, that checks every byte of every answer as load.c does; the
 * worker checks those that go up. Each connection is a thread which waits for its socket: that is cheap enough where a request
 * is a mebibyte or more.
 *
 * It has the words of load.c: it opens its connections, lets each carry one request, warms up, prints "ready" and waits. On
 * "go" it runs and prints "done REQUESTS NANOSECONDS STREAMED"; on end of input it leaves. STREAMED counts the answers which
 * their worker could not write to their end before the client began to read (-l), so that nothing has held them.
 * The build line above keeps the go tool from treating this file as cgo.
 *
 * usage: bodies -p PORT -s BODY_BYTES -n CONNECTIONS -d RUN_MS -w WARM_MS [-u UPLOAD_BYTES [-x]] [-l LATE_MS] [-c CPU]
 *        -u: a body of so many bytes goes up with each request; -x: in chunks
 *        -l: an answer is read when the worker has written all of it, or after LATE_MS; one at a time, each on a new connection
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNS_MAX = 64,
	STUCK_S = 10,        /* silence that means a lost answer */
	HEAD_MAX = 2048,
	SCRATCH_BYTES = 256 * 1024,
	PATTERN_PERIOD = 26, /* worker.c answers with the same, and expects it */
	CHUNK = 16380,       /* a multiple of the period, so that all chunks are alike; Node and curl send some 16 KiB as well */
	CHUNKS = 16,         /* that are sent at once */
	CHUNK_ROOM = CHUNK + 16,
	LOOK_US = 5000,      /* between two looks at the worker */
};

struct client {
	pthread_t thread;
	int fd, look_fd;
	long requests, streamed;
	char head[HEAD_MAX + 1];
	char scratch[SCRATCH_BYTES];
};

static int port, conn_count = 1, run_ms = 300, warm_ms = 20, cpu = -1, late_ms;
static bool chunked;
static size_t body_bytes = 1024, upload_bytes;
static char request[512];
static char pattern[SCRATCH_BYTES + PATTERN_PERIOD];
static char chunks[CHUNKS * CHUNK_ROOM];
static size_t chunks_len;
static struct client clients[CONNS_MAX];
static long deadline_ns;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void wrong(const char *what, const struct client *c)
{
	fprintf(stderr, "wrong answer: %s: %.60s\n", what, c->head);
	exit(1);
}

static long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static int open_socket(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval stuck = {.tv_sec = STUCK_S};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stuck, sizeof stuck);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stuck, sizeof stuck);
	return fd;
}

static void put(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0)
			die("send");
		bytes += n;
		len -= n;
	}
}

/* One chunk of the pattern's beginning, which may be the empty last one. */
static size_t frame(char *to, size_t len)
{
	size_t n = sprintf(to, "%zx\r\n", len);
	memcpy(to + n, pattern, len);
	memcpy(to + n + len, "\r\n", 2);
	return n + len + 2;
}

static void upload_chunks(int fd)
{
	char last[CHUNK_ROOM + 16];
	size_t left = upload_bytes;
	for (; left >= CHUNKS * CHUNK; left -= CHUNKS * CHUNK)
		put(fd, chunks, chunks_len);
	for (; left >= CHUNK; left -= CHUNK)
		put(fd, chunks, chunks_len / CHUNKS);
	size_t n = left ? frame(last, left) : 0;
	put(fd, last, n + frame(last + n, 0));
}

static void upload(int fd)
{
	for (size_t at = 0, n; at < upload_bytes; at += n) {
		n = upload_bytes - at < SCRATCH_BYTES ? upload_bytes - at : SCRATCH_BYTES;
		put(fd, pattern + at % PATTERN_PERIOD, n);
	}
}

static size_t take(int fd, char *to, size_t room)
{
	ssize_t n = recv(fd, to, room, 0);
	if (n < 0)
		die(errno == EAGAIN ? "no answer" : "recv");
	if (n == 0) {
		fprintf(stderr, "wrong answer: closed early\n");
		exit(1);
	}
	return n;
}

/* Reads a head into c->head and returns how many bytes of the body have come behind it, from *body. */
static size_t read_head(struct client *c, int fd, char **body, size_t *length)
{
	size_t len = 0;
	char *end = NULL;
	while (!end) {
		if (len == HEAD_MAX)
			wrong("head too long", c);
		len += take(fd, c->head + len, HEAD_MAX - len);
		c->head[len] = 0;
		end = strstr(c->head, "\r\n\r\n");
	}
	char *field = strcasestr(c->head, "\r\nContent-Length: ");
	if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0)
		wrong("status", c);
	if (!field || field > end)
		wrong("no Content-Length", c);
	*length = strtoul(field + 18, NULL, 10);
	*body = end + 4;
	return c->head + len - *body;
}

static void check(struct client *c, const char *bytes, size_t at, size_t len)
{
	if (at + len > body_bytes)
		wrong("more than Content-Length", c);
	if (memcmp(bytes, pattern + at % PATTERN_PERIOD, len) != 0)
		wrong("body differs", c);
}

static void read_answer(struct client *c)
{
	char *body;
	size_t length, got = read_head(c, c->fd, &body, &length);
	if (length != body_bytes)
		wrong("Content-Length", c);
	check(c, body, 0, got);
	while (got < body_bytes) {
		size_t n = take(c->fd, c->scratch, SCRATCH_BYTES);
		check(c, c->scratch, got, n);
		got += n;
	}
}

/* How many answers the worker has written to their end so far. */
static long look(struct client *c)
{
	static const char question[] = "GET /whole HTTP/1.1\r\nHost: bench.example\r\n\r\n";
	char *body;
	size_t length;
	put(c->look_fd, question, sizeof question - 1);
	size_t got = read_head(c, c->look_fd, &body, &length);
	while (got < length)
		got += take(c->look_fd, body + got, c->head + HEAD_MAX - body - got);
	body[got] = 0;
	return atol(body);
}

/* A new connection: the window of one that has read much takes megabytes, and the proxy would have nothing to hold. */
static long begin_late(struct client *c)
{
	close(c->fd);
	c->fd = open_socket();
	return look(c);
}

/* Takes nothing until the worker has written all, or late_ms are over. */
static void tarry(struct client *c, long before)
{
	long until = now_ns() + late_ms * 1000000L;
	do {
		usleep(LOOK_US);
		if (look(c) > before)
			return;
	} while (now_ns() < until);
	c->streamed++;
}

static void exchange(struct client *c)
{
	long before = late_ms ? begin_late(c) : 0;
	put(c->fd, request, strlen(request));
	if (chunked)
		upload_chunks(c->fd);
	else
		upload(c->fd);
	if (late_ms)
		tarry(c, before);
	read_answer(c);
	c->requests++;
}

static void *drive(void *client)
{
	do
		exchange(client);
	while (now_ns() < deadline_ns);
	return NULL;
}

/* Runs until every answer has arrived; an answer is followed by a new request until run_for milliseconds are over. */
static long run(int run_for)
{
	long start = now_ns();
	deadline_ns = start + run_for * 1000000L;
	for (int i = 0; i < conn_count; i++) {
		clients[i].requests = clients[i].streamed = 0;
		if (pthread_create(&clients[i].thread, NULL, drive, &clients[i]) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < conn_count; i++)
		pthread_join(clients[i].thread, NULL);
	return now_ns() - start;
}

static void prepare(void)
{
	char framing[64] = "";
	if (chunked)
		strcpy(framing, "Transfer-Encoding: chunked\r\n");
	else if (upload_bytes)
		sprintf(framing, "Content-Length: %zu\r\n", upload_bytes);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = 'a' + i % PATTERN_PERIOD;
	for (int i = 0; i < CHUNKS; i++)
		chunks_len += frame(chunks + chunks_len, CHUNK);
	snprintf(request, sizeof request,
		 "%s /%zu HTTP/1.1\r\nHost: bench.example:%d\r\nUser-Agent: bodies/1.0 (percore bench)\r\n"
		 "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nCookie: session=0123456789abcdef\r\n%s\r\n",
		 upload_bytes ? "POST" : "GET", body_bytes, port, framing);
	if (cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof set, &set) < 0)
			die("sched_setaffinity");
	}
	for (int i = 0; i < conn_count; i++) {
		clients[i].fd = open_socket();
		clients[i].look_fd = late_ms ? open_socket() : -1;
	}
}

static void parse(int argc, char **argv)
{
	for (int opt; (opt = getopt(argc, argv, "p:s:n:d:w:u:xl:c:")) != -1;) {
		switch (opt) {
		case 'p': port = atoi(optarg); break;
		case 's': body_bytes = strtoul(optarg, NULL, 10); break;
		case 'n': conn_count = atoi(optarg); break;
		case 'd': run_ms = atoi(optarg); break;
		case 'w': warm_ms = atoi(optarg); break;
		case 'u': upload_bytes = strtoul(optarg, NULL, 10); break;
		case 'x': chunked = true; break;
		case 'l': late_ms = atoi(optarg); break;
		case 'c': cpu = atoi(optarg); break;
		default: exit(2);
		}
	}
	if (conn_count < 1 || conn_count > CONNS_MAX || (late_ms && conn_count != 1)) {
		fprintf(stderr, "usage: bodies: 1 to %d connections, one with -l\n", CONNS_MAX);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	char line[16];
	parse(argc, argv);
	prepare();
	run(0);
	run(warm_ms);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	if (!fgets(line, sizeof line, stdin))
		return 0;
	long elapsed = run(run_ms), requests = 0, streamed = 0;
	for (int i = 0; i < conn_count; i++) {
		requests += clients[i].requests;
		streamed += clients[i].streamed;
	}
	printf("done %ld %ld %ld\n", requests, elapsed, streamed);
	/* The connections stay open until the reader has looked at the proxy's clocks. */
	while (fgets(line, sizeof line, stdin))
		;
	return 0;
}
