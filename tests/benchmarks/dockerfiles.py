"""Two contenders: the Dockerfile that peers generate, the strongest Dockerfile that can be written."""

from __future__ import annotations

import secrets
from pathlib import Path
from time import perf_counter

from tests.benchmarks import parts
from tests.benchmarks.project import Project

ARGS = "ARG PIP_INDEX_URL\nARG UV_DEFAULT_INDEX\n"
SECRET = "--mount=type=secret,id=ca,target=/run/ca.pem"

PIP = """
FROM {tools}
{args}WORKDIR /app
COPY requirements.txt .
RUN {secret} ["python3", "-m", "pip", "install", "--no-cache-dir", "-r", "requirements.txt"]
COPY . .
ENV AZUREML_MODEL_DIR=/app
CMD ["python3", "-m", "uvicorn", "--host", "0.0.0.0", "--port", "5001", "server:app"]
"""

UV = """
FROM {tools}
{args}WORKDIR /app
COPY requirements.txt .
ENV UV_CACHE_DIR=/var/cache/uv
RUN {secret} --mount=type=cache,id={cache},target=/var/cache/uv \
    ["uv", "pip", "install", "--system", "--break-system-packages", "--compile-bytecode", "--link-mode=copy", \
    "-r", "requirements.txt"]
COPY model model
COPY score.py server.py ./
ENV AZUREML_MODEL_DIR=/app
CMD ["python3", "-m", "uvicorn", "--host", "0.0.0.0", "--port", "5001", "server:app"]
"""


class Dockerfile:
    """A project with a Dockerfile, built by BuildKit."""

    columns: tuple[str, ...]

    def __init__(self, name: str, text: str, folder: Path) -> None:
        self.name, self._text = name, text
        self.columns = (name,)
        self.project = Project(folder / name)
        self.image = f"modelpack-bench/{name}:1"
        self._cache = ""
        self._fresh = True

    def forget(self) -> None:
        """Make the next build one with nothing cached."""
        self._fresh = True

    def build(self) -> dict[str, float]:
        """Build the folder as it is; return seconds."""
        options = []
        if self._fresh:
            self.project.rename()
            parts.run(*parts.docker(), "builder", "prune", "--all", "--force", "--filter=type=exec.cachemount")
            self._cache = f"modelpack-bench-{secrets.token_hex(8)}"
            options = ["--no-cache"]
            self._fresh = False
        text = self._text.format(tools=parts.TOOLS, secret=SECRET, args=ARGS, cache=self._cache)
        (self.project.folder / "Dockerfile").write_text(text)
        try:
            return {self.name: self._timed(options)}
        except RuntimeError as error:
            # BuildKit 0.8 now and then loses files of a context that it has seen; the second attempt counts.
            if "failed to compute cache key" not in str(error):
                raise
            self.project.rename()
            return {self.name: self._timed(options)}

    def _timed(self, options: list[str]) -> float:
        started = perf_counter()
        parts.build(self.project.folder, self.image, *options)
        return perf_counter() - started

    def push(self, registry: str) -> dict[str, float]:
        """Push the image to a registry; return seconds."""
        name = f"{registry}/{self.name}:1"
        parts.run(*parts.docker(), "tag", self.image, name)
        started = perf_counter()
        parts.run(*parts.docker(), "push", name)
        seconds = perf_counter() - started
        parts.run(*parts.docker(), "rmi", name)
        return {self.name: seconds}

    @property
    def runnable(self) -> dict[str, str]:
        """The image that each column runs."""
        return {self.name: self.image}


def both(folder: Path) -> list[Dockerfile]:
    """The two."""
    return [Dockerfile("pip", PIP, folder), Dockerfile("uv", UV, folder)]
