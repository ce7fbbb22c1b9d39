"""The entry script of a model that came without one, as text."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.model_kinds.kind import Detected

_SCRIPTS = Path(__file__).parent / "scripts"


def script_of(found: Detected, method: str | None) -> str:
    """Return the script that loads what was `found`, and answers by `method`.

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
    for word, other in (*found.kind.words.items(), *found.words.items()):
        text = text.replace(word, other)
    path = json.dumps(found.path, ensure_ascii=False)  # a text of JSON is one of Python's
    return text.replace('"model.pkl"', path).replace("predict(", f"{chosen}(")
