"""What a notebook adds to the Python API: live views, and one panel for everything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jupyter_modelpack import opened
from jupyter_modelpack.api import live_view
from jupyter_modelpack.frontends.widgets.detect import panels

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage


def attach() -> None:
    """Show builds that a cell waits for in a panel, where panels can be."""
    live_view.open_live_view = _open_live_view


def modelpack_panel(workspace: str | None = None, engine: str | None = None) -> Any:
    """Return models, packages, images and services in one place, to be shown by a cell.

    Args:
        workspace: Its name or folder; by default, the one made or opened last.
        engine: ``docker``, ``podman`` or ``process``; by default, the first that answers.

    """
    from jupyter_modelpack.commands.panel import panel  # noqa: PLC0415 - at first use
    from jupyter_modelpack.events import Reporter  # noqa: PLC0415
    from jupyter_modelpack.frontends.render.mime_bundle import Shown  # noqa: PLC0415

    last = opened.last()
    workspace = workspace or (str(last) if last else None)
    found = panel(Reporter(), workspace=workspace, engine=engine)
    if not panels(_shell()):
        return Shown(found)
    from jupyter_modelpack.frontends.widgets.panels import panel_of  # noqa: PLC0415 - as above

    return panel_of(found, {"workspace": workspace, "engine": engine})


def _open_live_view(package: ModelPackage) -> live_view.LiveView | None:
    shell = _shell()
    if not panels(shell):
        return None
    from jupyter_modelpack.frontends.widgets.live import LivePanel  # noqa: PLC0415 - as above

    return LivePanel(shell, package)


def _shell() -> Any:
    """Return the shell of this notebook, if this is one; IPython is asked only when it is here."""
    found = sys.modules.get("IPython")
    return found.get_ipython() if found else None
