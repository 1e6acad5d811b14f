"""The same answers as tornado_app.py from a WSGI application; a sync worker of gunicorn is busy while it waits."""

import time
import urllib.parse
import zlib


def app(environ, start_response):
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    body = environ["wsgi.input"].read()
    time.sleep(int(query["ms"]) / 1000)
    answer = f"{query['id']} {query['ms']} {len(body)} {zlib.crc32(body):08x}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
