"""A result in the notebook: text and HTML twins of one view."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.frontends.render import html as markup
from jupyter_modelpack.frontends.render import text as plain
from jupyter_modelpack.frontends.render import views


class Shown:
    """A verb's result as a cell's output.

    Attributes:
        result: What the verb returned.

    """

    def __init__(self, result: Any) -> None:
        self.result = result
        self._view = views.view(result)

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        return {"text/plain": plain.text(self._view), "text/html": markup.html(self._view)}

    def __repr__(self) -> str:
        return plain.text(self._view)
