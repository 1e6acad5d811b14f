"""gunicorn's parser: gunicorn wsgi_worker:app"""

from seen import seen


def app(environ, start_response):
    fields = [(name[5:], value) for name, value in environ.items() if name.startswith("HTTP_")]
    for name in ("CONTENT_LENGTH", "CONTENT_TYPE"):
        if environ.get(name):
            fields.append((name, environ[name]))
    body = environ["wsgi.input"].read()
    line = seen(environ["REQUEST_METHOD"], environ["RAW_URI"], fields, body)
    start_response("200 OK", [("X-Seen", line), ("Content-Length", "2")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok"]  # gunicorn would send it behind the head
