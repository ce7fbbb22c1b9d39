"""The model folder, as an error message shows it."""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from .. import limits

_NAMES = 8


def tree(root: str, lines: int = limits.TREE_LINES) -> str:
    """List what lies below `root`, one entry a line, at most `lines` (azure-differences.md 7.5)."""
    top = Path(root)
    if not root or not top.is_dir():
        return f"{root or '(AZUREML_MODEL_DIR is not set)'}: there is no such folder"
    listing = [f"{top}/"]
    for entry in _walk(top):
        if len(listing) >= lines:
            listing[-1] = "... (more follows)"
            break
        depth = len(entry.relative_to(top).parts)
        listing.append("    " * depth + entry.name + ("/" if entry.is_dir() else f" ({entry.stat().st_size} bytes)"))
    return "\n".join(listing)


def explain_miss(error: BaseException, model_dir: str) -> str | None:
    """Describe the model folder when `error`, or its cause, is that a file below it is missing.

    The commonest mistake: a folder registered as a model keeps its own name as one level (azure-differences.md 3.5).
    """
    missing = _missing_file(error)
    if missing is None or not model_dir:
        return None
    root = Path(os.path.abspath(model_dir))  # noqa: PTH100  resolve() would follow links and change the name
    wanted = Path(os.path.abspath(missing))  # noqa: PTH100
    if root != wanted and root not in wanted.parents:
        return None
    if not root.is_dir():
        return f"{wanted} does not exist, and neither does the model folder {root}."
    names = [str(entry.relative_to(root)) for entry in _walk(root) if entry.is_file()]
    if not names:
        return f"{wanted} does not exist: the model folder {root} is empty."
    shown = ", ".join(repr(name) for name in names[:_NAMES]) + (", ..." if len(names) > _NAMES else "")
    likely = _likely(str(wanted.relative_to(root)), names)
    hint = f" Did you mean os.path.join(os.environ['AZUREML_MODEL_DIR'], {likely!r})?" if likely else ""
    return f"{wanted} does not exist; the model folder {root} holds {shown}.{hint}"


def _missing_file(error: BaseException | None) -> str | None:
    seen = 0
    while error is not None and seen < 20:
        if isinstance(error, FileNotFoundError) and isinstance(error.filename, (str, bytes)):
            return os.fsdecode(error.filename)
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def _likely(wanted: str, names: list[str]) -> str | None:
    same = [name for name in names if Path(name).name == Path(wanted).name]
    if len(same) == 1:
        return same[0]
    if len(names) == 1:
        return names[0]
    return next(iter(difflib.get_close_matches(wanted, names, n=1)), None)


def _walk(top: Path) -> Iterator[Path]:
    try:
        entries = sorted(top.iterdir(), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)
