"""What the Jupyter server answers for us on a system where we do not run."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.lab.http_errors import error_json, status


class Unsupported(APIHandler):
    """Answers every route with the reason."""

    def initialize(self, error: ModelpackError) -> None:
        """Take what is said."""
        self._error = error

    @web.authenticated
    def get(self, *_path: str) -> None:
        """Say it."""
        self.set_status(status(self._error))
        self.finish(json.dumps(error_json(self._error)))

    post = get


def load(server: Any, error: ModelpackError) -> None:
    """Say `error` in the server's log, and to the side panel."""
    server.log.warning("jupyter_modelpack: %s", str(error).replace("\n", " "))
    pattern = url_path_join(server.web_app.settings["base_url"], "jupyter-modelpack", "(.*)")
    server.web_app.add_handlers(".*$", [(pattern, Unsupported, {"error": error})])
