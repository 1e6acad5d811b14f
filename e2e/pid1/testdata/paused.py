"""A worker that says READY=1 after a while, WATCHDOG=1 every half second, and answers /, and /slow after another while."""
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"Hello\n")

    def log_message(self, *_):
        pass


def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), "\0" + os.environ["NOTIFY_SOCKET"][1:])


def talk():
    time.sleep(float(sys.argv[2]))
    say("READY=1")
    while True:
        say("WATCHDOG=1")
        time.sleep(0.5)


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hello)
server.daemon_threads = True
threading.Thread(target=talk, daemon=True).start()
server.serve_forever()
