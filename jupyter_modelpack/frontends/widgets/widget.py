"""A widget whose view is an ES module, as anywidget's front end takes it.

That front end is all we need of anywidget: importing its Python half would take a third of the time in
which the first panel of a notebook shows up.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ipywidgets import DOMWidget  # type: ignore[import-untyped] # it has no types
from traitlets import Unicode

from jupyter_modelpack.frontends.widgets import esm


def _front_end() -> str:
    major, minor, *_ = version("anywidget").split(".")
    return f"~{major}.{minor}.*"


_VERSION = _front_end()


class ModuleWidget(DOMWidget):  # type: ignore[misc] # as above
    """One view's module with the style sheet of all; a class names its module as `_esm`."""

    _model_name = Unicode("AnyModel").tag(sync=True)
    _model_module = Unicode("anywidget").tag(sync=True)
    _model_module_version = Unicode(_VERSION).tag(sync=True)
    _view_name = Unicode("AnyView").tag(sync=True)
    _view_module = Unicode("anywidget").tag(sync=True)
    _view_module_version = Unicode(_VERSION).tag(sync=True)
    _anywidget_id = Unicode("").tag(sync=True)
    _esm = Unicode("").tag(sync=True)
    _css = Unicode(esm.style()).tag(sync=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(_anywidget_id=f"{type(self).__module__}.{type(self).__name__}", **values)
