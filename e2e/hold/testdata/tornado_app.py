"""The same in Tornado, whose loop is blocked while a request is answered: python3 tornado_app.py PORT"""

import asyncio
import sys

import tornado.web

from notes import echo, large, note

UPLOAD_BYTES_MAX = 100 << 20


class View(tornado.web.RequestHandler):
    SUPPORTED_METHODS = (*tornado.web.RequestHandler.SUPPORTED_METHODS, "BREW")

    def get(self):
        note(self.request.method, self.request.path)
        if self.request.path == "/large":
            self.finish(large())
            return
        body = self.request.files["file"][0]["body"] if self.request.path == "/form" else self.request.body
        headers = self.request.headers
        self.finish(echo(self.request.method, headers.get("Content-Length"), headers.get("Transfer-Encoding"), body))

    post = put = patch = delete = brew = get


async def main():
    tornado.web.Application([("/.*", View)]).listen(int(sys.argv[1]), "127.0.0.1", max_body_size=UPLOAD_BYTES_MAX, max_buffer_size=UPLOAD_BYTES_MAX)
    await asyncio.Event().wait()


asyncio.run(main())
