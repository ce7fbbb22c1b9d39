"""Every number that bounds what a client may send, with its reason.

What a user has reason to change is a setting (settings.py); these are not.
"""

REQUEST_LINE = 8 * 1024
"""Longest request target. Proxies in front cut at 8 KiB too, so nothing longer arrives by accident."""

HEADER_COUNT = 100
"""By default. A browser sends about 20 and a service mesh adds about 20 more."""

HEADER_SIZE = 8 * 1024
"""One header, by default: large cookies and bearer tokens fit."""

HEAD_SIZE = 128 * 1024
"""All headers together, in raw bytes: what an unfinished head may hold in memory on one connection."""

JSON_DEPTH = 100
"""Deepest nesting of JSON that is parsed here, by default; a plain run() parses its text itself."""

JSON_DIGITS = 4300
"""Digits of the longest whole number, by default, also where the script parses: more take quadratic time in Python."""

REQUEST_ID_SIZE = 100
"""Longest request id a client may choose (azure-differences.md 7.2)."""

HEADER_SECONDS = 10.0
"""From the first byte (or the connect) to the end of the head: an honest client sends it in one piece."""

BODY_STALL_SECONDS = 20.0
"""Longest pause inside a body; slow networks have shorter ones."""

IDLE_SECONDS = 75.0
"""Keep-alive: longer than the 60 s of common load balancers, so that they close first and lose no request."""

WRITE_STALL_SECONDS = 60.0
"""A client that does not read its answer for this long is dropped."""

LINGER_SECONDS = 2.0
"""After an early refusal the rest of the upload is read and dropped, or the client would see a reset."""

HALF_CLOSE_SECONDS = 0.05
"""Seconds after a client's half-close when its call, if it still waits, is dropped."""

BODIES = 4
"""How many bodies of the largest size a worker holds in memory at once."""

BOOKS = 4 * 1024 * 1024
"""Least bytes that a worker holds of unfinished and waiting requests, however small the largest body is."""

SMALL_CHUNK = 4 * 1024
"""A smaller chunk of a body is joined to the one before it."""

JOINED_CHUNKS = 64 * 1024
"""Up to this length: a longer buffer would be moved each time it grows."""

REQUEST_COST = 512
"""Bytes of memory that a pipelined request takes beside its headers and body."""

FIELDS = 1000
"""Most fields of a query or form, and most parts of a multipart body; Werkzeug has the same bound."""

PART_HEAD = 16 * 1024
"""Head of one part of a multipart body: a name, a file's name and a type."""

TENSOR_RANK = 64
"""Most dimensions of a tensor, as NumPy has it."""

MESSAGE = 2000
"""Longest message to a client, in characters: what it quotes of a request is not bounded otherwise."""

FRAMING_SIZE = 1024 * 1024
"""Chunk extensions and trailers carry nothing we use; beyond this they are an attack."""

DRAIN_GRACE_SECONDS = 0.3
"""On SIGTERM new connections are taken for this long, so that requests already on their way arrive."""

TREE_LINES = 200
"""Lines of the model folder's listing in the log (azure-differences.md 7.5)."""

STREAM_BUFFER = 1024 * 1024
"""Bytes a generator may be ahead of its client: more than text of a language model needs."""
