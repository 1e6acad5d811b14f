"""A WSGI application by hand. As PEP 3333 has it, it reads as much as CONTENT_LENGTH says, and nothing without it.

    gunicorn wsgi_app:application
"""

from urllib.parse import parse_qs

from notes import echo, large, note, only_file, wait_at_gate

PIECE = 64 << 10


def application(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    note(method, path)
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    if path == "/events":
        return events(query, start_response)
    body = {"/large": answer_large, "/form": form, "/gate": stop_within, "/pieces": stop_within}.get(path, whole)(environ)
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body]


def length(environ):
    return int(environ.get("CONTENT_LENGTH") or 0)


def answer(environ, body):
    return echo(environ["REQUEST_METHOD"], environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"), body)


def answer_large(_):
    return large()


def whole(environ):
    return answer(environ, environ["wsgi.input"].read(length(environ)))


def form(environ):
    return answer(environ, only_file(environ["wsgi.input"].read(length(environ))))


def stop_within(environ):
    """Reads a piece, notes it, and reads the rest when the gate has been opened."""
    first = environ["wsgi.input"].read(PIECE)
    note("piece", environ["PATH_INFO"])
    if environ["PATH_INFO"] == "/gate":
        wait_at_gate()
    rest = environ["wsgi.input"].read() if environ["PATH_INFO"] == "/pieces" else environ["wsgi.input"].read(length(environ) - PIECE)
    return answer(environ, first + rest)


def events(query, start_response):
    """Sends one part, and the next when the gate has been opened."""
    fields = [("Content-Type", query["type"])]
    if "accel" in query:
        fields.append(("X-Accel-Buffering", query["accel"]))
    if "length" in query:
        fields.append(("Content-Length", query["length"]))
    start_response("200 OK", fields)
    yield b"data: first\n\n"
    wait_at_gate()
    yield b"data: last\n\n"
