"""What JSON loses of a data frame's columns, for a made script to restore."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

MANY = 1_000
"""Most categories of a column that are written down; more is data, which belongs into the model."""

_KEPT = re.compile(r"datetime64\[.+\]|U?Int\d+|Float\d+|float(?:16|32)|boolean")


def types_of(value: Any) -> dict[str, str]:
    """Return, by column, the type that pandas gives it as Python writes it; none for what JSON has a type for.

    Args:
        value: A data frame of pandas; anything else has no such types.

    """
    dtypes = getattr(value, "dtypes", None)
    if not hasattr(value, "itertuples") or dtypes is None:
        return {}
    found = ((str(name), _written(dtype)) for name, dtype in zip(value.columns, dtypes, strict=True))
    return {name: written for name, written in found if written}


def _is_literal(value: Any) -> bool:
    """Whether Python reads what ``repr`` writes of a value: not of infinity."""
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _written(dtype: Any) -> str:
    text = str(dtype)
    if text == "category":
        known = dtype.categories.tolist()
        if len(known) <= MANY and all(map(_is_literal, known)):
            return f"pd.CategoricalDtype({known!r}, ordered={dtype.ordered})"
        return ""
    if text.startswith("string"):
        return "'string'"
    return repr(text) if _KEPT.fullmatch(text) else ""
