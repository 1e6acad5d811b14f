#!/usr/bin/env python3
"""A Tornado application as percore runs it: one process, one port, once per CPU.

    percore python3 main.py --port={port}
    PERCORE_BIND=unix percore python3 main.py --socket={socket}

Nothing in it knows about percore but two lines: it listens on 127.0.0.1 (only the front
door connects to it), and it passes xheaders=True, so that request.remote_ip and
request.protocol are the client's. It needs no signal handler: percore stops a worker
when the last of its requests has been answered.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess

import tornado.httpserver
import tornado.iostream
import tornado.netutil
import tornado.web
import tornado.websocket
from tornado.options import define, options, parse_command_line

BLOCK = bytes(range(256)) * 256  # 64 KiB
UPLOAD_BYTES_MAX = 1 << 30  # uploads are hashed as they come, never held

define("port", type=int, default=8000, help="listen on 127.0.0.1:PORT")
define("socket", default="", help="listen on this unix socket instead")


class MainHandler(tornado.web.RequestHandler):
    """GET / says which worker answered."""

    def get(self):
        worker = os.environ.get("PERCORE_WORKER_NAME", "tornado")
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.write(f"Hello from {worker}, pid {os.getpid()}\n")


class HeadersHandler(tornado.web.RequestHandler):
    """GET /headers shows the request as the application sees it."""

    def get(self):
        self.write(
            {
                "remote_ip": self.request.remote_ip,
                "protocol": self.request.protocol,
                "host": self.request.host,
                "headers": list(self.request.headers.get_all()),
            }
        )


class SlowHandler(tornado.web.RequestHandler):
    """GET /slow?s=SECONDS answers late, without blocking the worker."""

    async def get(self):
        seconds = number(self, "s", float, 1.0)
        await asyncio.sleep(seconds)
        self.write(f"waited {seconds:g} s in pid {os.getpid()}\n")


@tornado.web.stream_request_body
class UploadHandler(tornado.web.RequestHandler):
    """PUT or POST /upload answers with the body's length and SHA-256."""

    def prepare(self):
        self.length = 0
        self.digest = hashlib.sha256()

    def data_received(self, chunk):
        self.length += len(chunk)
        self.digest.update(chunk)

    def put(self):
        self.write({"length": self.length, "sha256": self.digest.hexdigest()})

    post = put


class DownloadHandler(tornado.web.RequestHandler):
    """GET /download?bytes=N streams N bytes that are the same each time.

    Every 64 KiB block begins with its number in eight bytes, so that a lost, doubled or
    moved block changes the hash. With &chunked=1 there is no Content-Length.
    """

    async def get(self):
        total = number(self, "bytes", int, len(BLOCK))
        self.set_header("Content-Type", "application/octet-stream")
        if not self.get_argument("chunked", ""):
            self.set_header("Content-Length", str(total))
        for index, start in enumerate(range(0, total, len(BLOCK))):
            block = index.to_bytes(8, "big") + BLOCK[8:]
            self.write(block[: total - start])
            try:
                await self.flush()
            except tornado.iostream.StreamClosedError:
                return  # the client has gone


class CrashHandler(tornado.web.RequestHandler):
    """GET /crash?signal=SEGV ends this worker at once; /crash?code=N exits with N."""

    def get(self):
        if self.get_argument("code", ""):
            os._exit(number(self, "code", int, 1))
        name = self.get_argument("signal", "SEGV")
        if f"SIG{name}" not in signal.Signals.__members__:
            raise tornado.web.HTTPError(400)
        os.kill(os.getpid(), signal.Signals[f"SIG{name}"])


class OrphanHandler(tornado.web.RequestHandler):
    """GET /orphan?s=SECONDS leaves a grandchild behind and answers with its pid.

    The shell in between exits at once, so the grandchild becomes a child of PID 1, which
    has to reap it when it ends.
    """

    def get(self):
        seconds = number(self, "s", float, 1.0)
        script = f"sleep {seconds:f} >/dev/null 2>&1 & echo $!"
        pid = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout
        self.write({"pid": int(pid), "seconds": seconds})


class EchoHandler(tornado.websocket.WebSocketHandler):
    """/websocket sends every message back."""

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


class EventsHandler(tornado.web.RequestHandler):
    """GET /events?count=N&s=SECONDS sends N server-sent events, SECONDS apart."""

    async def get(self):
        count = number(self, "count", int, 10)
        seconds = number(self, "s", float, 1.0)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-cache")
        for index in range(count):
            if index:
                await asyncio.sleep(seconds)
            self.write(f"id: {index}\ndata: {json.dumps({'pid': os.getpid()})}\n\n")
            try:
                await self.flush()
            except tornado.iostream.StreamClosedError:
                return


def number(handler, name, kind, default):
    """The argument called name as a number of that kind, not negative; else 400."""
    try:
        value = kind(handler.get_argument(name, str(default)))
    except ValueError:
        raise tornado.web.HTTPError(400, f"{name} is not a number")
    if not 0 <= value < float("inf"):
        raise tornado.web.HTTPError(400, f"{name} is out of range")
    return value


def make_app():
    return tornado.web.Application(
        [
            (r"/", MainHandler),
            (r"/headers", HeadersHandler),
            (r"/slow", SlowHandler),
            (r"/upload", UploadHandler),
            (r"/download", DownloadHandler),
            (r"/crash", CrashHandler),
            (r"/orphan", OrphanHandler),
            (r"/websocket", EchoHandler),
            (r"/events", EventsHandler),
        ]
    )


async def main():
    parse_command_line()
    server = tornado.httpserver.HTTPServer(
        make_app(), xheaders=True, max_body_size=UPLOAD_BYTES_MAX
    )
    if options.socket:
        server.add_socket(tornado.netutil.bind_unix_socket(options.socket))
    else:
        server.listen(options.port, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
