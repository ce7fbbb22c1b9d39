"""Which kind of model files are, told from their content; nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jupyter_modelpack.model_kinds import estimators, formats, pickled
from jupyter_modelpack.model_kinds.content import Content, of_files
from jupyter_modelpack.model_kinds.kind import Detected


def detect(content: Content) -> Detected | None:
    """Return what kind of model `content` is, or None where no made script could serve it."""
    if len(content.names) != 1:
        return None
    [name] = content.names
    return formats.known(content, name) or _pickle(content, name)


def framework_of(entries: Sequence[tuple[str, Path]]) -> tuple[str | None, str | None]:
    """Return Azure's word for what made the files of a model, and its version; None for what they do not say."""
    try:
        found = detect(of_files(entries))
    except OSError:  # registering reads all of them, and says so in better words
        return None, None
    if found is None or found.kind.framework is None:
        return None, None
    return found.kind.framework, found.version or None


def class_of(content: Content) -> str:
    """Return the class of the object that a model's only file holds, with its module; empty for anything else."""
    found = _class(content, content.names[0]) if len(content.names) == 1 else None
    return ".".join(found) if found else ""


def _class(content: Content, name: str) -> tuple[str, str] | None:
    with content.open(name) as file:
        return pickled.read_class(file, PurePosixPath(name).suffix)


def _pickle(content: Content, name: str) -> Detected | None:
    named = _class(content, name)
    kind = estimators.kind_of(named[0]) if named else None
    if kind is None:
        return None  # before all of a large file is read
    with content.open(name) as file:
        found = pickled.read(file, PurePosixPath(name).suffix)
    if found is None:
        return None
    return Detected(kind, name, {"scikit-learn": found.version} if found.version else {}, found.columns)
