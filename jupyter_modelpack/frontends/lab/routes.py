"""Every route with its handler; the tests make the matrix of what is refused from this table."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.frontends.lab.about import About

PREFIX = "/jupyter-modelpack"


def routes() -> list[tuple[str, type[Any]]]:
    """Return each path, as a pattern, with its handler."""
    return [(f"{PREFIX}/about", About)]
