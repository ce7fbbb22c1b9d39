"""From a verb's result to the panel that shows it, for those that have one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.commands.results import Images, Overview, Running, Services
from jupyter_modelpack.frontends.widgets.panel import Panel
from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel
from jupyter_modelpack.frontends.widgets.tables_panel import TablesPanel


def panel_of(result: Any, target: Mapping[str, Any]) -> Panel | None:
    """Return the panel of a result, or None where text says as much."""
    match result:
        case Images():
            return TablesPanel(["images"], target, {"images": result})
        case Services():
            return TablesPanel(["services"], target, {"services": result})
        case Overview():
            known = {name: getattr(result, name) for name in ("models", "packages", "images", "services")}
            return TablesPanel(list(known), target, known)
        case Running():
            return ServicePanel(result.service)
        case _:
            return None
