"""Plain Tornado that knows no signal: --port=PORT.

/wait?ms=N answers after N ms while others are served, /block?ms=N keeps the whole process busy meanwhile. The answer
names what was asked, so that one which belongs to another request is seen.
"""

import asyncio
import sys
import time
import zlib

import tornado.web


class Handler(tornado.web.RequestHandler):
    async def get(self):
        ms = int(self.get_query_argument("ms"))
        if self.request.path == "/block":
            time.sleep(ms / 1000)
        else:
            await asyncio.sleep(ms / 1000)
        body = self.request.body
        self.write(f"{self.get_query_argument('id')} {ms} {len(body)} {zlib.crc32(body):08x}\n")

    post = get


async def main():
    app = tornado.web.Application([(r"/wait|/block", Handler)], log_function=lambda _: None)
    app.listen(int(sys.argv[1].removeprefix("--port=")), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
