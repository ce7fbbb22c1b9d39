"""The modules that a model's pickles fetch from, read from their opcodes; nothing is unpickled.

The first time that a pickle names a module, its text stands behind a GLOBAL, or before the name that STACK_GLOBAL
fetches (`pickle_names.py` has the opcodes). joblib's arrays lie raw between the opcodes, where anything may look like
a name: what is found is a module only where there is one of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.analysis.pickle_files import pickles_in_file, pickles_in_layer
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_FORMAT = 1
"""Raised when more is found in the same bytes, so that notes from before are not believed."""

_OVERLAP = 600
"""Bytes of the last chunk looked at again with the next: two names of 255 with their opcodes."""

_MOST = 10_000
"""Most modules that are noted of one model; large pipelines name a hundred."""

# The end of a module's name behind a GLOBAL, with the name that is fetched.
_OLD = re.compile(rb"\n(?=[A-Za-z_][\w.]{0,254}\n)")
_NAMES = re.compile(rb"c[\w.]{1,255}\Z")
# SHORT_BINUNICODE; behind the text, memoized or not, stands a name, of its own or from the memo, and the fetch.
_NEW = re.compile(rb"\x8c([\x01-\xff])(?=[A-Za-z_])", re.DOTALL)
_BEHIND = re.compile(rb"\x94?(?:\x95.{8})?(?:\x8c(?P<length>.)|h.\x93|j.{4}\x93)", re.DOTALL)
_FETCH = re.compile(rb"\x94?(?:\x95.{8})?\x93", re.DOTALL)
_DOTTED = re.compile(rb"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def modules_of(layer: Descriptor, store: Layout) -> frozenset[str]:
    """Return the dotted names of modules in a model's layer; remembered by its digest.

    Args:
        layer: Of a registered model.
        store: Holds it.

    """
    path = Layout.create(home.cache()).path / "pickles" / f"{layer.digest.hex}.modules-{_FORMAT}"
    try:
        return _noted(path)
    except (FileNotFoundError, ValueError, TypeError):  # a damaged note is no note
        found: set[str] = set()
    with store.blob_path(layer.digest).open("rb") as file:
        for chunks in pickles_in_layer(file):
            found.update(modules_in(chunks))
    named = sorted(found)[:_MOST]
    write_file(path, json.dumps(named).encode())
    return frozenset(named)


def modules_of_file(file: Path) -> frozenset[str]:
    """Return the dotted names of modules in the pickles of a file."""
    found: set[str] = set()
    with file.open("rb") as stream:
        for chunks in pickles_in_file(stream, file.suffix):
            found.update(modules_in(chunks))
    return frozenset(found)


def modules_in(chunks: Iterator[bytes]) -> set[str]:
    """Return the dotted names in the chunks of one pickle that are fetched from, or may be."""
    found: set[bytes] = set()
    before = b""
    for chunk in chunks:
        window = before + chunk
        for match in _OLD.finditer(window):
            found.update(_behind_globals(window[max(0, match.start() - 256) : match.start()]))
            if len(found) > _MOST:
                return _decoded(found)
        for match in _NEW.finditer(window):
            end = match.end() + match[1][0]
            if _fetched(window, end) and _DOTTED.fullmatch(window, match.end(), end):
                found.add(window[match.end() : end])
        before = window[-_OVERLAP:]
        if len(found) > _MOST:
            break
    return _decoded(found)


def _behind_globals(line: bytes) -> Iterator[bytes]:
    """Yield what may be a module's name at the end of a line: behind each of its letters c, for one is the opcode."""
    tail = _NAMES.search(line)
    at = tail.start() if tail else -1
    while at >= 0:
        if _DOTTED.fullmatch(line, at + 1):
            yield line[at + 1 :]
        at = line.find(b"c", at + 1)


def _decoded(found: set[bytes]) -> set[str]:
    return {name.decode("ascii") for name in sorted(found)[:_MOST] if name.isascii()}


def _fetched(window: bytes, end: int) -> bool:
    """Whether the text that ends there is fetched from."""
    behind = _BEHIND.match(window, end)
    if behind is None:
        return False
    length = behind["length"]
    return length is None or _FETCH.match(window, behind.end() + length[0]) is not None


@lru_cache(maxsize=1024)
def _noted(path: Path) -> frozenset[str]:
    named = json.loads(path.read_bytes())
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise ValueError(path.name)
    return frozenset(named)
