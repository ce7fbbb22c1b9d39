"""Python: urllib of the standard library."""

from __future__ import annotations

import re
from typing import Any

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

_TEXT = """
# Scores @@target. Run it with: @@run
@@keys # The variable @@key must hold a key of the service.
@@tls # If a private authority has signed its certificate: SSL_CERT_FILE=authority.pem
import json
@@keys import os
import sys
import urllib.error
import urllib.request

url = "@@url"
@@note # @@note
data = @@body

headers = {"Content-Type": "application/json"}
@@keys headers["Authorization"] = "Bearer " + os.environ["@@key"]
request = urllib.request.Request(url, json.dumps(data).encode(), headers)
try:
    with urllib.request.urlopen(request, timeout=@@seconds) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"{error.code} {error.reason}: {error.read().decode()}")
except OSError as error:
    sys.exit(f"No answer: {error}")
"""

_NAMED = {
    "true": "True",
    "false": "False",
    "null": "None",
    "NaN": 'float("nan")',
    "Infinity": 'float("inf")',
}

_STRING_OR_NAME = re.compile(rf'"(?:[^"\\]|\\.)*"|{"|".join(_NAMED)}')

_ESCAPE = re.compile(r"\\(?:u(d[89ab]..)\\u(d[c-f]..)|.)")
"""An escape of JSON; two of them together are one character beyond the basic plane, which Python writes as one."""


def _literal(value: Any) -> str:
    """Return JSON in Python's words."""
    return _STRING_OR_NAME.sub(
        lambda found: _NAMED.get(found[0]) or _ESCAPE.sub(_escape, found[0]), layout(value, indent=4)
    )


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return f"\\U{ord(bytes.fromhex(found[1] + found[2]).decode('utf-16-be')):08x}"


LANGUAGE = Language("client.py", "python client.py", _TEXT, _literal)
