"""The contender that is this project, used as a notebook uses it: through the API, in one process."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from jupyter_modelpack import Environment, InferenceConfig, Model, Workspace
from jupyter_modelpack import home as homes
from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.layout import Layout
from tests.benchmarks import parts
from tests.benchmarks.project import Project
from tests.services import base

STORE, DAEMON = "store", "daemon"


class Ours:
    """A project packaged by us; one build gives two times: image in the store, image in the daemon."""

    columns = (STORE, DAEMON)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.project = Project(folder / "ours")
        self._engine = choose("docker")
        self.forget()

    def forget(self) -> None:
        """Make the next build one with nothing cached but the base image, which the daemon has too."""
        for name in ("home", "uv"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        os.environ["UV_CACHE_DIR"] = str(self._folder / "uv")
        os.environ["MODELPACK_HOME"] = str(self._folder / "home")
        found = base.layout()
        os.environ["MODELPACK_BASE_IMAGE"] = str(found)
        layout = Layout(found)
        Layout.create(homes.cache()).adopt_image(layout.image(layout.index().manifests[0]), layout)
        parts.remove(f"label={parts.OURS}")
        self.move()

    def move(self) -> None:
        """Go on in a workspace of another name, as another project would."""
        with _silence():
            self._workspace = Workspace.create(f"bench-{secrets.token_hex(4)}")
        self._registered: tuple[object, ...] = ()

    def build(self) -> dict[str, float]:
        """Register what changed, package, put it into the daemon; return seconds."""
        started = perf_counter()
        with _silence():
            if self._registered != (state := self._state()):
                self._model = Model.register(self._workspace, self.project.model, "bench")
                self._registered = state
            environment = Environment.from_pip_requirements("bench", self.project.folder / "requirements.txt")
            config = InferenceConfig(entry_script=str(self.project.folder / "score.py"), environment=environment)
            self.package: ModelPackage = Model.package(
                self._workspace, [self._model], config, image_name="benchmark", image_label="1"
            )
            self.package.wait_for_creation(report=Reporter())
            stored = perf_counter() - started
            self.package.pull(engine=self._engine, report=Reporter())
        return {STORE: stored, DAEMON: perf_counter() - started}

    def push(self, registry: str) -> dict[str, float]:
        """Push the image to a registry; return seconds."""
        started = perf_counter()
        self.package.push(f"{registry}/ours:1", report=Reporter())
        return {DAEMON: perf_counter() - started}

    @property
    def runnable(self) -> dict[str, str]:
        """The image that each column runs."""
        return {DAEMON: self.package.location or ""}

    @property
    def size(self) -> int:
        """Bytes of the image."""
        return self.package.size

    def _state(self) -> tuple[object, ...]:
        files = sorted(self.project.model.iterdir())
        return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def floor(project: Project) -> float:
    """Seconds to copy the model and to hash it alongside, durably: nobody who keeps a model is faster."""
    import hashlib
    from concurrent.futures import ThreadPoolExecutor

    source = project.model / "weights.bin"
    target = project.folder.parent / "floor.bin"

    def copy() -> None:
        with source.open("rb") as stream, target.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())

    def digest() -> None:
        with source.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")

    started = perf_counter()
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(copy), pool.submit(digest)]:
            future.result()
    seconds = perf_counter() - started
    target.unlink()
    return seconds
