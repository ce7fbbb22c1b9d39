"""The program that serves a workspace: ``python -m jupyter_modelpack.delivery.serve_registry FOLDER``.

Started by `local_registry.ensure`; ends by itself when nobody asks or the workspace is deleted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_modelpack.catalog.workspace_folder import ENDPOINT
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.process import serve
from jupyter_modelpack.store.layout import Layout


def main() -> None:
    """Read the command line, serve until it ends."""
    parser = argparse.ArgumentParser(prog="jupyter_modelpack.delivery.serve_registry")
    parser.add_argument("folder", type=Path, help="the workspace's folder")
    parser.add_argument("--ready-fd", type=int, help="pipe to say on that it listens")
    given = parser.parse_args()
    file = given.folder / ENDPOINT
    said, began = file.read_bytes(), _state(file)

    def wanted() -> bool:
        # A workspace made again in the same place, or told to take another port, has a registry of its own.
        return _state(file) == began

    serve(Layout(given.folder), Endpoint.from_json(said), wanted=wanted, ready_fd=given.ready_fd)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


if __name__ == "__main__":
    main()
