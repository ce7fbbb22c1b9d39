"""Explain why a scoring server ended, with a remedy, from the reason that it wrote to its log."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_modelpack.image_contract import ENDING_MARK, MODELS_FOLDER

Ending = Mapping[str, Any]
Explanation = tuple[str, str]

LINE = 4096
"""Bytes of a line that are looked at: an ending is shorter, and a line of a script's may have any length."""

AGAIN = "Correct the script; then package again."

_TEXTS = ("phase", "cause", "message", "module", "installed", "path", "file", "code", "variable")
"""What is text in an ending, where it is there."""

_WAS = re.compile(r"Trying to unpickle estimator \S+ from version (\S+) when using version (\S+?)\.? ")


def find(lines: Iterable[str]) -> Ending | None:
    """Return the last exit reason in a log; None where the server could not write one."""
    found = None
    for line in lines:
        said = _parsed(line[:LINE])
        found = said if said is not None else found
    return found


def is_line(line: str) -> bool:
    """Whether a line is for programs only, and not shown."""
    return line.startswith(ENDING_MARK)


def explain(ending: Ending, lines: Iterable[str] = ()) -> Explanation:
    """Return cause and remedy by the exception's type; words of a log could be there by chance.

    Args:
        ending: As `find` returns it, or a dry run.
        lines: Of the log, where a warning may tell with which version a model was made.
    """
    phase = ending.get("phase", "")
    if phase == "settings":
        return _sentence(ending["cause"]), "Correct the variable, where it is set: run -e, or package --env-var."
    if phase == "listening":
        if ending.get("errno") == errno.EADDRINUSE:
            return "its port was taken by another program in the same moment.", "Run it again, with --port 0."
        return _sentence(ending["cause"]), "Run it again, with another --port."
    if version := _other_version(ending, lines):
        return version
    for name in ending.get("types", ()):
        for known, tell in _BY_TYPE:
            if name == known and (answer := tell(ending)):
                return answer
    plain = {"SystemExit", *(name for name in ending.get("types", ()) if str(name).endswith(".EntryError"))}
    if not ending.get("types") or plain & set(ending["types"]):
        return f"the entry script or its init() failed: {_sentence(ending['cause'])}", AGAIN
    return f"the entry script or its init() failed: {_said(ending)}{_place(ending)}.", AGAIN


def _parsed(line: str) -> Ending | None:
    text = line.removeprefix(ENDING_MARK) if line.startswith(ENDING_MARK) else line if '"ending": {' in line else ""
    try:
        said = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    said = said.get("ending", said) if isinstance(said, dict) else None
    return said if isinstance(said, dict) and _is_ending(said) else None


def _is_ending(said: Mapping[str, Any]) -> bool:
    """Whether it is of the server's own form: a script may print anything."""
    types, number = said.get("types"), said.get("errno")
    return (
        isinstance(types, list)
        and "cause" in said
        and (number is None or isinstance(number, int))
        and all(isinstance(text, str) for text in (*types, *(said.get(name, "") for name in _TEXTS)))
    )


def _said(ending: Ending) -> str:
    kind = str(ending["types"][0]).rpartition(".")[2]
    return f"{kind}: {ending.get('message') or '(no message)'}"


def _place(ending: Ending) -> str:
    return f" ({ending['file']}, line {ending['line']})" if ending.get("file") else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _other_version(ending: Ending, lines: Iterable[str]) -> Explanation | None:
    """Tell of a model that another scikit-learn made, where loading it is what failed."""
    loads = "load" in ending.get("code", "") or "Can't get attribute" in ending.get("message", "")
    if not loads or not ending.get("types") or str(ending.get("module") or "sklearn").partition(".")[0] != "sklearn":
        return None
    for line in lines:
        if versions := _WAS.search(line[:LINE]):
            was, now = versions.groups()
            return (
                f"the model was made with scikit-learn {was} and cannot be loaded with {now}: {_said(ending)}.",
                f"Require scikit-learn=={was}; then package again.",
            )
    return None


def _missing_module(ending: Ending) -> Explanation | None:
    module, installed = ending.get("module") or "", ending.get("installed") or ""
    if installed:
        name = installed.partition(" ")[0]
        return (
            f"{module} is no part of {installed}, which is installed: a model or a package wants another version.",
            f"Require {name} in the version that the notebook has, where the model was made; then package again.",
        )
    return (
        f"the module {module} is not in the environment.",
        (
            "Add the package that brings it to the requirements, or its file to the folder that is shipped "
            "(--source-directory); then package again."
        ),
    )


def _import(ending: Ending) -> Explanation:
    said = ending.get("message", "")
    return _library(ending) or (
        f"an import failed: {_said(ending)}{_place(ending)}.",
        AGAIN
        if "most likely due to a circular import" in said
        else "The versions of two packages do not fit; name those that you develop with in the requirements.",
    )


def _library(ending: Ending) -> Explanation | None:
    """Tell of a shared library that cannot be loaded; ctypes raises OSError, an extension module ImportError."""
    said = ending.get("message", "")
    if "failed to map segment" in said:
        return (
            f"a library lies where nothing may be executed: {_said(ending)}{_place(ending)}.",
            (
                "A service may write to /tmp, and run nothing from there: ship the library in a package or in "
                "--source-directory, and load it from its place."
            ),
        )
    if "cannot open shared object file" in said or "GLIBC" in said:
        return (
            f"a system library is missing: {_said(ending)}.",
            (
                "Add the Debian package that brings it (package --apt libgomp1, for libgomp.so.1), "
                "or choose a base image that has it."
            ),
        )
    return None


def _syntax(ending: Ending) -> Explanation:
    return f"the entry script is no valid Python: {_sentence(ending['cause'])}", AGAIN


def _pickle(ending: Ending) -> Explanation:
    return (
        f"the model file cannot be loaded here: {_said(ending)}.",
        "Use the versions the model was saved with; a class of your own must lie in a module in source_directory.",
    )


def _attribute(ending: Ending) -> Explanation | None:
    message = ending.get("message", "")
    pickled = message.startswith("Can't get attribute ") or "module '__main__' has no attribute" in message
    return _pickle(ending) if pickled else None


def _value(ending: Ending) -> Explanation | None:
    return _pickle(ending) if ending.get("message", "").startswith("unsupported pickle protocol") else None


def _file(ending: Ending) -> Explanation:
    path = ending.get("path") or ""
    if MODELS_FOLDER in path:
        return _sentence(ending["cause"]), "Correct the path in the script, or register the file; then package again."
    return (
        f"the file {path} is not there{_place(ending)}." if path else f"{_said(ending)}{_place(ending)}.",
        "Put it into source_directory, or register it as a model; paths are relative to the script's folder.",
    )


def _os_error(ending: Ending) -> Explanation | None:
    number = ending.get("errno")
    if number in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f"it may not write or read there: {_said(ending)}{_place(ending)}.",
            "A service writes to /tmp only (TMPDIR); everything else is read-only.",
        )
    if number == errno.EADDRINUSE:
        return (
            f"the script opens a port of its own, which is taken: {_said(ending)}{_place(ending)}.",
            "Let the script ask for a free one (port 0), or run one worker (run -e WORKER_COUNT=1): each loads it.",
        )
    if number == errno.ENOMEM:
        return _memory(ending)
    return _library(ending)


def _locale(ending: Ending) -> Explanation:
    return (
        f"the image has no such locale: {_said(ending)}{_place(ending)}.",
        "Use C.UTF-8, which is there, or choose a base image with that locale (Debian package locales-all).",
    )


def _memory(_ending: Ending) -> Explanation:
    return "it ran out of memory.", "Give it more memory, or run fewer workers (WORKER_COUNT)."


def _key(ending: Ending) -> Explanation | None:
    name = ending.get("variable")
    return name and (
        f"the script reads the environment variable {name}, which is not set{_place(ending)}.",
        f"Set it: package --env-var {name}=..., or run -e {name}=....",
    )


_BY_TYPE: tuple[tuple[str, Callable[[Ending], Explanation | None]], ...] = (
    ("ModuleNotFoundError", _missing_module),
    ("ImportError", _import),
    ("SyntaxError", _syntax),
    ("_pickle.UnpicklingError", _pickle),
    ("pickle.UnpicklingError", _pickle),
    ("AttributeError", _attribute),
    ("ValueError", _value),
    ("FileNotFoundError", _file),
    ("OSError", _os_error),
    ("locale.Error", _locale),
    ("MemoryError", _memory),
    ("KeyError", _key),
)
"""By the name of a type or of one it derives from, the nearest first."""
