"""version: which jupyter_modelpack this is."""

from __future__ import annotations

import platform

from jupyter_modelpack._version import __version__
from jupyter_modelpack.commands.results import Version
from jupyter_modelpack.events import Reporter


def version(
    _report: Reporter,
) -> Version:
    """Return the versions."""
    return Version(__version__, platform.python_version())
