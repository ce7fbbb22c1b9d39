"""version: which jupyter_modelpack this is."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from jupyter_modelpack._version import __version__
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Version:
    """Our version and the Python it runs on."""

    version: str
    python: str


def version(_report: Reporter) -> Version:
    """Return the versions."""
    return Version(__version__, platform.python_version())
