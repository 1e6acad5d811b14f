"""What the workers here have in common: each answer says in X-Seen how its request was understood."""

import hashlib
import json

COUNT = 0


def seen(method, target, fields, body):
    """fields are pairs; names that a server has folded or joined are made alike."""
    global COUNT
    COUNT += 1
    together = {}
    for name, value in fields:
        together.setdefault(name.lower().replace("_", "-"), []).append(value)
    text = body.decode("latin-1") if len(body) <= 200 else hashlib.sha256(body).hexdigest()
    return json.dumps(
        {
            "count": COUNT,
            "method": method,
            "target": target,
            "fields": {name: ",".join(values) for name, values in sorted(together.items())},
            "body": text,
        }
    )
