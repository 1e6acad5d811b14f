"""A Tornado that tells when its clients leave, and that refuses large bodies: tornado_upload.py PORT

/told says which requests have begun (`NAME begun`) and whose clients have left, and when (`NAME left UNIXTIME`). Any other path is the name of
a request that is never finished; with ?pieces it gets a first piece of an answer, with ?stream its body is taken as it comes.
"""

import asyncio
import sys
import time

import tornado.httpserver
import tornado.web

told = []


class Told(tornado.web.RequestHandler):
    def get(self):
        self.finish("".join(line + "\n" for line in told))


@tornado.web.stream_request_body
class Never(tornado.web.RequestHandler):
    SUPPORTED_METHODS = tornado.web.RequestHandler.SUPPORTED_METHODS + ("BREW",)

    def data_received(self, chunk):
        pass

    async def never(self):
        told.append(self.request.path + " begun")
        if self.request.query == "pieces":
            self.write("first")
            await self.flush()
        self.left = asyncio.Event()
        await self.left.wait()

    def on_connection_close(self):
        told.append("%s left %f" % (self.request.path, time.time()))
        if hasattr(self, "left"):
            self.left.set()

    get = post = put = delete = patch = brew = never


async def main():
    application = tornado.web.Application([("/told", Told), (".*", Never)])
    server = tornado.httpserver.HTTPServer(application, max_body_size=1 << 20)
    server.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
