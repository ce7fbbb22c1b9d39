"""The pages of the names that one imports: one a name of ``__all__``, and the list of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import jupyter_modelpack

GROUPS = ("Nouns", "Errors", "Others")


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    names = jupyter_modelpack.__all__
    return {"index": "\n".join(_list(names)), **{name.strip("_"): "\n".join(_page(name)) for name in names}}


def _group(name: str) -> str:
    thing = getattr(jupyter_modelpack, name)
    if inspect.isclass(thing):
        return "Errors" if issubclass(thing, BaseException) else "Nouns"
    return "Others"


def _list(names: list[str]) -> Iterator[str]:
    yield from ("# Python API", "", "```{include} ../_api.md", "```")
    for group in GROUPS:
        yield from ("", f"## {group}", "", "| name | what it is |", "|---|---|")
        for name in names:
            if _group(name) == group:
                said = "The installed version." if name == "__version__" else _first(name)
                yield f"| [`{name}`]({name.strip('_')}.md) | {said} |"
    yield from ("", "```{toctree}", ":hidden:", "", *(name.strip("_") for name in names), "```", "")


def _first(name: str) -> str:
    return (inspect.getdoc(getattr(jupyter_modelpack, name)) or "").partition("\n")[0].replace("``", "`")


def _page(name: str) -> Iterator[str]:
    thing = getattr(jupyter_modelpack, name)
    yield from (f"# {name.strip('_')}", "", "```{eval-rst}")
    if inspect.isclass(thing):
        yield from (f".. autoclass:: jupyter_modelpack.{name}", "   :members:", "   :undoc-members:")
        if thing.__bases__ != (object,):
            yield "   :show-inheritance:"
    elif callable(thing):
        yield f".. autofunction:: jupyter_modelpack.{name}"
    else:
        yield from (f".. py:data:: jupyter_modelpack.{name}", f"   :value: {thing!r}", "", "   The installed version.")
    yield from ("```", "")
