"""``KEY=VALUE`` options as a mapping."""

from __future__ import annotations

from collections.abc import Iterable


def as_dict(pairs: Iterable[str]) -> dict[str, str]:
    """Return the pairs by key; of two with one key, the later."""
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
