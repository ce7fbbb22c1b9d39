"""The entry script of a model that came without one, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.model_kinds.kind import Detected

_SCRIPTS = Path(__file__).parent / "scripts"
_INIT = "def init():"
_FRAME = "    answer = model.predict(frame.fillna(np.nan))\n"
_TYPED = (
    "    frame = frame.fillna(np.nan)\n"
    "    frame = frame.astype({name: TYPES[name] for name in frame.columns if name in TYPES})\n"
    "    answer = model.predict(frame)\n"
)


def script_of(found: Detected, method: str | None, types: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the script that loads what was `found`, and answers by `method`.

    Args:
        found: What the model is.
        method: One of the kind's; by default, its first.
        types: By column, the type of pandas that a request's values are to have, as Python writes it.

    Raises:
        UsageError: models of this kind have no such method.

    """
    methods = found.kind.methods
    chosen = method or methods[0]
    if chosen not in methods:
        raise UsageError(
            f"A {found.kind.name} model has no {chosen}() that a made script could call.",
            hint=f"It can be made for: {', '.join(methods)}.",
            code="no-such-method",
        )
    named = _SCRIPTS / f"{found.kind.script}_with_columns.py"
    text = (named if found.columns and named.exists() else _SCRIPTS / f"{found.kind.script}.py").read_text("utf-8")
    typed = bool(types) and _FRAME in text
    if typed:
        text = text.replace(_FRAME, _TYPED)
    for word, other in (*found.kind.words.items(), *found.words.items()):
        text = text.replace(word, other)
    path = json.dumps(found.path, ensure_ascii=False)  # a text of JSON is one of Python's
    text = text.replace("predict(", f"{chosen}(").replace('"model.pkl"', path)
    if not typed:
        return text
    # After the words: a column may have any name.
    lines = "".join(f"    {name!r}: {written},\n" for name, written in types.items())
    return text.replace(_INIT, f"TYPES = {{\n{lines}}}\n\n\n{_INIT}", 1)
