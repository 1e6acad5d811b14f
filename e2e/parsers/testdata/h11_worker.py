"""h11 itself, without a framework's ideas on top: h11_worker.py PORT"""

import socketserver
import sys

import h11
from seen import seen


class Handler(socketserver.BaseRequestHandler):
    def next_event(self, connection):
        while True:
            event = connection.next_event()
            if event is not h11.NEED_DATA:
                return event
            connection.receive_data(self.request.recv(65536))

    def exchange(self, connection):
        request = self.next_event(connection)
        if not isinstance(request, h11.Request):
            return False
        body = b""
        while isinstance(event := self.next_event(connection), h11.Data):
            body += bytes(event.data)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
        line = seen(request.method.decode(), request.target.decode("latin-1"), fields, body)
        headers = [("X-Seen", line), ("Content-Length", "2")]
        self.request.sendall(connection.send(h11.Response(status_code=200, headers=headers)))
        self.request.sendall(connection.send(h11.Data(data=b"ok")) if request.method != b"HEAD" else b"")
        self.request.sendall(connection.send(h11.EndOfMessage()))
        return connection.our_state is h11.DONE and connection.their_state is h11.DONE

    def handle(self):
        connection = h11.Connection(h11.SERVER)
        try:
            while self.exchange(connection):
                connection.start_next_cycle()
        except h11.RemoteProtocolError as error:
            self.request.sendall(f"HTTP/1.1 {error.error_status_hint} h11\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
