"""A program that serves a store, as the workspace's own does: `python -m tests.registry.keeper FOLDER`."""

import argparse
from pathlib import Path

from jupyter_modelpack.registry.server import process
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.store.layout import Layout

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--check", type=float, default=1.0)
    parser.add_argument("--ready-fd", type=int)
    given = parser.parse_args()
    process.CHECK_SECONDS = given.check
    process.serve(
        Layout(given.folder),
        Endpoint.from_json((given.folder / "registry.json").read_bytes()),
        wanted=(given.folder / "oci-layout").exists,
        idle_seconds=given.idle,
        ready_fd=given.ready_fd,
    )
