"""What the Python applications of these scenarios share: notes of what they have seen, a gate, answers.

HOLD_SEEN is a file to which every request is noted when its application begins, HOLD_GATE a named pipe at which an
application waits until the scenario opens it, HOLD_LARGE a file that GET /large answers with.
"""

import hashlib
import json
import os


def note(method, path):
    with open(os.environ["HOLD_SEEN"], "a") as seen:
        seen.write(f"{method} {path} {os.getpid()}\n")


def wait_at_gate():
    with open(os.environ["HOLD_GATE"]) as gate:
        gate.read()


def large():
    with open(os.environ["HOLD_LARGE"], "rb") as file:
        return file.read()


def echo(method, length, coding, body):
    """What an application saw of a request: its length and coding as they were declared, its body as it came."""
    return json.dumps(
        {
            "method": method,
            "length": length or "",
            "coding": coding or "",
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "pid": os.getpid(),
        }
    ).encode()


def only_file(body):
    """The file in a multipart body that has nothing else."""
    return body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
