"""Tornado's parser: tornado_worker.py PORT"""

import asyncio
import sys

import tornado.web
from seen import seen


class Handler(tornado.web.RequestHandler):
    SUPPORTED_METHODS = tornado.web.RequestHandler.SUPPORTED_METHODS + ("BREW",)

    def answer(self):
        r = self.request
        self.set_header("X-Seen", seen(r.method, r.uri, r.headers.get_all(), r.body))
        self.finish("ok" if r.method != "HEAD" else None)

    get = post = put = delete = head = options = patch = brew = answer


async def main():
    tornado.web.Application([(r".*", Handler)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
