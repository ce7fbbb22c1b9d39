"""The live view of `wait_for_creation(show_output=True)`: the panel in place of the lines."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.commands.results import Packaged
from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.widgets.output import Output
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage


class LivePanel:
    """A panel beside a call that waits.

    Attributes:
        report: Hears of the build; cancelled when the panel's button is pressed.

    """

    def __init__(self, shell: Any, package: ModelPackage) -> None:
        self._package, self._began = package, time.monotonic()
        stop = threading.Event()
        self._panel = PackagePanel(stop.set, {"workspace": str(package.workspace.path)})
        self._output = Output(shell, self._panel)
        self._output.show()
        self.report = Reporter(self._panel.take, stop)

    def end(self) -> None:
        """Show how the build ended, or that nobody waits for it any more."""
        if self._package.state == "Succeeded":
            self._panel.succeed(self._packaged())
        else:
            self._panel.fail(self._package.failure or Cancelled("Cancelled; a step has not ended yet."))
        self._output.renew()

    def _packaged(self) -> Packaged:
        made = self._package
        return Packaged(
            reference=made.location or "",
            digest=str(made.digest or ""),
            size=made.size,
            models=tuple(made.models),
            layers=made.layers,
            dockerfile=made.generate_dockerfile,
            engine="",
            seconds=time.monotonic() - self._began,
            handle=made,
        )
