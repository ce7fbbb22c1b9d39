"""What the Jupyter server loads."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from jupyter_modelpack.frontends.lab.routes import routes


class ModelpackApp(ExtensionApp):
    """The commands of `jupyter_modelpack` as routes of the Jupyter server."""

    name = "jupyter_modelpack"

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(routes())
