"""A Jupyter server of the test's own, in a folder of its own."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

STARTED = "is running at"

PATIENCE = 60_000
"""Milliseconds until what a test expects must be there: a busy machine is slow, and a quiet one waits for nothing."""


class Jupyter:
    """JupyterLab and Notebook 7 on one port of loopback.

    `app` is the module to start, `python` the environment's that it is in, `base` what its addresses begin with.
    """

    def __init__(
        self,
        folder: Path,
        env: dict[str, str],
        *,
        app: str = "jupyterlab",
        python: str | Path = sys.executable,
        base: str = "/",
    ) -> None:
        self._app, self._python, self.base = app, python, base
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._env = {**env, "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            self._env[f"JUPYTER_{name}_DIR"] = str(folder / name.lower())
        labconfig = folder / "config" / "labconfig"
        labconfig.mkdir(parents=True, exist_ok=True)
        # The question whether to fetch news would stand before everything else.
        off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
        (labconfig / "page_config.json").write_text(json.dumps(off))
        self._log: list[str] = []

    def __enter__(self) -> Self:
        command = [
            self._python, "-m", self._app, "--no-browser", "--allow-root", f"--port={self.port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", "--ip=127.0.0.1",
            f"--ServerApp.base_url={self.base}",
            "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
            "--ServerApp.log_level=INFO",
        ]  # fmt: skip
        env = {**os.environ, **self._env}
        self._process = subprocess.Popen(
            command, cwd=self.notebooks, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self._process.stdout:
            self._log.append(line)
            if STARTED in line:
                break
        else:
            raise RuntimeError("".join(self._log))
        # Somebody must go on reading, or the server stops when the pipe is full.
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()
        return self

    def _read_on(self) -> None:
        with self._process.stdout as lines:
            self._log.extend(lines)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)  # it ends its kernels first

    def kill(self) -> None:
        """End it at once, with whatever it does."""
        self._process.kill()

    def url(self, app: str, name: str) -> str:
        """Where `app` (``lab`` or ``notebook``) shows a notebook."""
        # A workspace of its own: the default one would open the last test's notebook again.
        path = f"lab/workspaces/{Path(name).stem}/tree/{name}" if app == "lab" else f"notebooks/{name}"
        return f"{self.root}{path}?token={self.token}"

    @property
    def root(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}{self.base}"
