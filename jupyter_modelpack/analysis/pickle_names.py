"""Names of ``__main__`` that a model's pickles need.

A pickle names a class by its module. What a notebook or a script defined itself has the module
``__main__``, and in an image that is another program: the commonest way for such an image to break.
Nothing is unpickled: the names stand in the bytes, behind the opcodes that fetch a global. In an image, the
scoring server looks them up in the entry script, and in what was carried along from a notebook; a package whose
pickles name anything else would build, and its container would end at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.analysis import entry_script
from jupyter_modelpack.analysis.model_versions import Reading
from jupyter_modelpack.builder.recipe import AppSource, Recipe
from jupyter_modelpack.builder.script_text import decoded, parsed, script_bytes
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

FORMAT = 2
"""Raised when more is found in the same bytes, so that notes from before are not believed."""

_OVERLAP = 600
"""Bytes of the last chunk looked at again with the next: two names of 255 with their opcodes."""

# GLOBAL of protocols 0 to 3; SHORT_BINUNICODE twice, memoized, then STACK_GLOBAL of protocols 4 and 5
# (pickletools.opcodes). What has been written before is found by its number in the memo instead (BINGET,
# LONG_BINGET), which only a whole parse could follow, and joblib's arrays lie raw between the opcodes: a second
# name of the same module, or a name that stands somewhere as text already, as in {"Scaler": Scaler()}. A FRAME
# may begin between any two of them.
# The new ones end at a name's length, since a letter of any language may have the bytes of an opcode.
# Each begins with one byte, so that it is looked for at the speed of memory.
_OLD = re.compile(rb"c__main__\n([^\n]+)\n")
_NEW = re.compile(rb"\x8c\x08__main__\x94?(?:\x95.{8})?\x8c(.)", re.DOTALL)
_MEMO = re.compile(rb"\x8c(?:(?<=h.\x8c)|(?<=j....\x8c))(.)", re.DOTALL)
_TEXT_BEFORE = re.compile(
    rb"\x93(?:(?<=h.h.\x93)|(?<=h.j....\x93)|(?<=j....h.\x93)|(?<=j....j....\x93)"
    rb"|(?<=__main__\x94h.\x93)|(?<=__main__\x94j....\x93)|(?<=__main__h.\x93)|(?<=__main__j....\x93))",
    re.DOTALL,
)
_TEXT = re.compile(rb"\x8c(.)", re.DOTALL)
_FETCHED, _WRITTEN = re.compile(rb"\x94?(?:\x95.{8})?\x93", re.DOTALL), re.compile(rb"\x94")
"""What stands behind a name that is fetched, and behind any text."""


@dataclass(frozen=True, slots=True)
class MainNames:
    """Names that a model's pickles fetch; of a qualified one, ``Outer.Inner``, the first part.

    Attributes:
        certain: From ``__main__``.
        possible: Perhaps fetched, perhaps from ``__main__``; empty when no pickle names that module.
    """

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()

    def __or__(self, other: MainNames) -> MainNames:
        return MainNames(self.certain | other.certain, self.possible | other.possible)


def needed(layers: Iterable[Descriptor], store: Layout) -> MainNames:
    """Return the names of ``__main__`` that the pickles in these layers fetch."""
    cache, found = Layout.create(home.cache()), MainNames()
    for layer in layers:
        found |= of_layer(layer, store, cache)
    return found


def check(recipe: Recipe, store: Layout) -> None:
    """Raise `UsageError` naming the model and the class that its image would lack."""
    for model in recipe.models:
        names = needed([model.layer], store).certain
        missing = sorted(_lacking(names, recipe.source)) if names else []
        if missing:
            raise UsageError(
                f"The model {model.name}:{model.version} was pickled with {', '.join(missing)} of __main__, "
                "the notebook or program that made it, and its image would not have that.",
                hint=f"Define {missing[0]} in the entry script, or run %%package in a notebook that defines it "
                "in another cell: it is carried along.",
                code="model-needs-main",
            )


def _lacking(names: frozenset[str], source: AppSource) -> frozenset[str]:
    script = script_bytes(source)
    text = decoded(script, source.entry_script)
    if "__main__" in text or source.folder is not None:  # it may arrange __main__ itself, where we cannot see
        return frozenset()
    carried = {path: content for path, content in source.extra.items() if path.endswith(".py")}
    trees = (parsed(content, path) for path, content in {**carried, source.entry_script: script}.items())
    return names.difference(*map(entry_script.bound_names, trees))


def of_layer(layer: Descriptor, store: Layout, cache: Layout) -> MainNames:
    """Return the names in a model's layer; `cache` remembers them by its digest."""
    path = cache.path / "pickles" / f"{layer.digest.hex}.{FORMAT}"
    try:
        return _noted(path)
    except (FileNotFoundError, ValueError, TypeError):  # a damaged note is no note
        found, reading = MainNames(), Reading()
    with store.blob_path(layer.digest).open("rb") as file:
        for chunks in reading.pickles_in_layer(file):
            found |= _of_chunks(chunks)
    reading.keep(layer, cache)  # a model is read once
    write_file(path, json.dumps([sorted(found.certain), sorted(found.possible)]).encode())
    return found


@lru_cache(maxsize=1024)
def _noted(path: Path) -> MainNames:
    certain, possible = json.loads(path.read_bytes())
    return MainNames(frozenset(certain), frozenset(possible))


def _of_chunks(chunks: Iterator[bytes]) -> MainNames:
    certain: set[str] = set()
    possible: set[str] = set()
    before, named = b"", False
    for chunk in chunks:
        window = before + chunk
        if b"__main__" in window:
            certain.update(_old_names(window), _names(_NEW, window, _FETCHED))
            named = named or b"\x8c\x08__main__" in window
        if named:  # a module is in the memo only once it has been named
            possible.update(_names(_MEMO, window, _FETCHED))
            if _TEXT_BEFORE.search(window):
                possible.update(_names(_TEXT, window, _WRITTEN))
        before = window[-_OVERLAP:]
    return MainNames(frozenset(certain), frozenset(possible - certain))


def _old_names(window: bytes) -> Iterator[str]:
    yield from filter(None, (_first_part(match[1]) for match in _OLD.finditer(window)))


def _names(pattern: re.Pattern[bytes], window: bytes, behind: re.Pattern[bytes]) -> Iterator[str]:
    for match in pattern.finditer(window):
        end = match.end() + match[1][0]
        if behind.match(window, end) and (name := _first_part(window[match.end() : end])):
            yield name


def _first_part(name: bytes) -> str:
    """Return ``Outer`` of ``Outer.Inner``; nothing of what is no qualified name."""
    parts = name.decode("utf-8", "replace").split(".")
    return parts[0] if all(part.isidentifier() for part in parts) else ""
