"""A Tornado application for what stays open: WebSockets that do as they are told, and events with the time of day.

    talkative_worker.py PORT
"""

import asyncio
import os
import sys
import time

import tornado.iostream
import tornado.web
import tornado.websocket


class Told(tornado.websocket.WebSocketHandler):
    """Sends every message back, but for those that are orders."""

    async def on_message(self, message):
        words = message.split() if isinstance(message, str) else []
        if words[:1] == ["close"]:
            self.close(int(words[1]), "as told")
        elif words[:1] == ["ping"]:
            self.ping(words[1].encode())
        elif words[:1] == ["die"]:
            os._exit(3)
        elif words[:1] == ["flood"]:
            for _ in range(int(words[1])):
                await self.write_message(b"x" * 65536, binary=True)
        else:
            self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data):
        self.write_message("pong " + data.decode())


class Stamps(tornado.web.RequestHandler):
    """GET /stamps?count=N sends N events, each with the nanosecond in which it was written."""

    async def get(self):
        self.set_header("Content-Type", "text/event-stream")
        for _ in range(int(self.get_argument("count"))):
            await asyncio.sleep(0.002)
            self.write(f"data: {time.clock_gettime_ns(time.CLOCK_MONOTONIC)}\n\n")
            try:
                await self.flush()
            except tornado.iostream.StreamClosedError:
                return


class Root(tornado.web.RequestHandler):
    def get(self):
        self.write("ready\n")


async def main():
    handlers = [("/", Root), ("/websocket", Told), ("/stamps", Stamps)]
    app = tornado.web.Application(handlers, websocket_max_message_size=64 << 20)
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
