"""A panel as a cell's output, whose twins follow what becomes of it."""

from __future__ import annotations

import uuid
from typing import Any

from jupyter_modelpack.frontends.widgets.panel import Panel


class Output:
    """Where a panel stands in the notebook.

    The saved notebook keeps what was published last: so the twins are published again when the work
    has ended, else it would say for ever that something is going on.
    """

    def __init__(self, shell: Any, panel: Panel) -> None:
        self._publisher, self._panel = shell.display_pub, panel
        self._transient = {"display_id": uuid.uuid4().hex}

    def show(self) -> None:
        """Show the panel in the cell that runs now."""
        self._publisher.publish(self._panel.bundle(), transient=self._transient)

    def withdraw(self) -> None:
        """Take the panel out of the cell that runs now, as soon as something else is shown there."""
        self._publisher.clear_output(wait=True)
        self._panel.close()

    def renew(self) -> None:
        """Publish the twins of what the panel shows now; from any thread."""
        self._publisher.publish(self._panel.bundle(), transient=self._transient, update=True)
