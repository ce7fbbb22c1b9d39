"""Versions of libraries that stand in a pickle, read from its bytes; nothing is unpickled.

scikit-learn writes its version into the state of each of its estimators. A pickled Booster of XGBoost holds the model
in the library's own format, which names its version, and so does one of CatBoost; LightGBM's names the format alone,
and statsmodels says nothing. Of these two it is told only that they are needed.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterator
from functools import cached_property

from jupyter_modelpack.analysis.made_with import Made

_OVERLAP = 512
"""Bytes of the last chunk looked at again with the next: more than any pattern matches behind its first bytes."""

_HEAD = 64 << 10
"""Bytes of a pickle that are followed as opcodes, where a version is text that stands before it already."""

LIBRARIES = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "statsmodels": "statsmodels",
}
"""By the module that a pickle names, the library's name on a package index."""

# A class or function that a pickle fetches, from the module's name on: GLOBAL of protocols 0 to 3, which the letter c
# precedes, and STACK_GLOBAL of 4 and 5, before which the module is a text (see pickle_names.py).
_FRAME = rb"(?:\x95.{8})?"
_OLD_GLOBAL = re.compile(rb"[a-z]{7,11}(?:\.[\w.]{0,200})?\n([\w.]{1,200})\n")
_NEW_GLOBAL = re.compile(
    rb"[a-z]{7,11}(?:\.[\w.]{0,200})?\x94?" + _FRAME + rb"\x8c.([\w.]{1,200})\x94?" + _FRAME + rb"\x93", re.DOTALL
)

_KEY = b"_sklearn_version"
# The key may be memoized; then comes a text, or the number in the memo of one that was written before.
_VALUE = re.compile(
    _KEY + rb"'?\n?(?:\x94|q.|r.{4}|p[0-9]{1,10}\n)?" + _FRAME + rb"(?:[\x8cU](?P<short>.)|X(?P<long>.\x00\x00\x00)"
    rb"|[VS]'?(?P<line>[0-9][\w.+]{0,63})'?\n|h(?P<byte>.)|j(?P<word>.{4})|g(?P<digits>[0-9]{1,10})\n)",
    re.DOTALL,
)
_MOST = 100
"""Most versions that are noted of one pickle; a sound one has one or two."""

_VERSION = re.compile(r"[0-9][\w.+]{0,63}", re.ASCII)

# Three numbers in XGBoost's UBJSON, and in the JSON of versions before that.
_NUMBER = rb"(?:[iU].|I.{2}|l.{4}|L.{8})"
_BOOSTER = b"learner_model_param"
"""A field of every model of XGBoost, before its version; long, so that it is looked for quickly."""

_UBJSON = re.compile(rb"version\[#L\x00{7}\x03(" + _NUMBER + rb"{3})", re.DOTALL)
_JSON = re.compile(
    rb'"version"\s{0,9}:\s{0,9}\[\s{0,9}(\d{1,4})\s{0,9},\s{0,9}(\d{1,4})\s{0,9},\s{0,9}(\d{1,4})\s{0,9}\]'
)

_CATBOOST_KEY = b"Summary: CatBoost release "
CATBOOST = re.compile(_CATBOOST_KEY + rb"(\d{1,4}(?:\.\d{1,4}){1,3})\.?\s")


class PickleScan:
    """What one pickle says, found while its chunks pass.

    Attributes:
        found: What was found so far.
    """

    def __init__(self) -> None:
        self.found: set[Made] = set()
        self._head = b""
        self._class = ""
        self._modules: set[str] = set()
        self._booster = False

    def passing(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the chunks as they are, and look at each."""
        before, first = b"", True
        for chunk in chunks:
            window = before + chunk
            if first:
                self._head = window[:_HEAD]
                self._globals(window)
            self._look(window)
            before, first = window[-_OVERLAP:], False
            yield chunk
        self._without_version()

    def _globals(self, window: bytes) -> None:
        """Note which libraries are named, and the first class of scikit-learn: mostly that of the object itself."""
        for module in LIBRARIES:
            for at in _places(module.encode(), window):
                old, new = window[at - 1 : at] == b"c", window[at - 2 : at - 1] == b"\x8c"
                pattern = _OLD_GLOBAL if old else _NEW_GLOBAL
                if (old or new) and (match := pattern.match(window, at)):
                    self._modules.add(module)
                    self._class = match[1].decode() if module == "sklearn" else self._class
                    break

    def _look(self, window: bytes) -> None:
        for at in _places(_KEY, window):
            if len(self.found) >= _MOST:
                break
            if (match := _VALUE.match(window, at)) and (version := self._text(match, window)):
                self.found.add(Made("scikit-learn", version, "same", self._class, imports=True))
        self._booster = self._booster or _BOOSTER in window
        if self._booster and (version := xgboost_version(window)):
            self.found.add(Made("xgboost", version, "same", imports=True))
            self._booster = False
        if _CATBOOST_KEY in window and (release := CATBOOST.search(window)):
            self.found.add(Made("catboost", release[1].decode(), "not-newer", imports=True))

    def _text(self, match: re.Match[bytes], window: bytes) -> str:
        if line := match["line"]:
            return str(line, "ascii", "replace")
        if size := match["short"] or match["long"]:
            raw = window[match.end() : match.end() + size[0]].decode("ascii", "replace")
            raw = raw if len(raw) == size[0] else ""  # the rest is in the next chunk
        else:
            number = int(match["digits"]) if match["digits"] else _little(match["byte"] or match["word"])
            raw = self._memo.get(number, "")
        return raw if _VERSION.fullmatch(raw) else ""

    @cached_property
    def _memo(self) -> dict[int, str]:
        """The texts that the pickle's head puts into its memo, by number."""
        return dict(_texts_in_memo(self._head))

    def _without_version(self) -> None:
        known = {made.library for made in self.found}
        for library in {LIBRARIES[module] for module in self._modules} - known:
            self.found.add(Made(library, "", "told", imports=True))


def xgboost_version(data: bytes) -> str:
    """Return the version in a part of a model in one of XGBoost's formats; empty for none."""
    if match := _UBJSON.search(data):
        return _from_ubjson(match[1])
    match = _JSON.search(data)
    return b".".join(match.groups()).decode() if match else ""


def _from_ubjson(numbers: bytes) -> str:
    """Return a version of three numbers, each behind the letter of its size."""
    parts, at = [], 0
    while at < len(numbers):
        size = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}[numbers[at : at + 1]]
        parts.append(str(int.from_bytes(numbers[at + 1 : at + 1 + size], "big")))
        at += 1 + size
    return ".".join(parts)


def _places(text: bytes, window: bytes) -> Iterator[int]:
    at = window.find(text)
    while at >= 0:
        yield at
        at = window.find(text, at + 1)


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")


def _texts_in_memo(head: bytes) -> Iterator[tuple[int, str]]:
    count, last = 0, ""
    try:
        for opcode, argument, _ in pickletools.genops(head):
            if opcode.name in {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}:
                yield count if argument is None else int(argument), last
                count += 1
            else:
                last = argument if isinstance(argument, str) else ""
    except ValueError:  # cut off, or joblib's raw arrays
        return
