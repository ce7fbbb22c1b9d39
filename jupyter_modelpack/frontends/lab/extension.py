"""What the Jupyter server loads."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from jupyter_modelpack.frontends.lab.app import Desk
from jupyter_modelpack.frontends.lab.routes import routes


class ModelpackApp(ExtensionApp):
    """The commands of `jupyter_modelpack` as routes of the Jupyter server."""

    name = "jupyter_modelpack"

    def initialize_handlers(self) -> None:
        """Add the routes."""
        root = Path(getattr(self.serverapp, "root_dir", "") or ".").absolute()
        self._desk = Desk(root)
        self.handlers.extend(routes(self._desk))

    async def stop_extension(self) -> None:
        """End the streams; what was begun goes on."""
        self._desk.close()
