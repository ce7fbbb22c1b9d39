"""What the panel asks first: which version this is."""

from __future__ import annotations

from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_modelpack._version import __version__


class About(APIHandler):
    """The version."""

    @web.authenticated
    def get(self) -> None:
        """Say it."""
        self.finish({"version": __version__})
