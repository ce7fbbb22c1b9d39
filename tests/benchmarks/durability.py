"""What durability costs: an edit and a packaging, with the disk's word and without.

    python -m tests.benchmarks.durability

Times are medians, in process, of the whole way from recipe to name. The second column leaves every fsync
out, which no user can: it shows what the promise takes. They are interleaved, so that a busy moment hits both.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.recipe import AppSource, ModelPart, Needs, Recipe
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout
from tests.services import base

ROUNDS = 31
_fsync = os.fsync


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="durability-", dir=Path.cwd()) as folder:
        os.environ |= {"MODELPACK_HOME": folder, "MODELPACK_BASE_IMAGE": str(base.layout())}
        store = Layout.create(home.workspaces() / "ws")
        model = register(store)
        package(store, model, "print(0)")
        syncs = count(lambda: package(store, model, "print(1)"))
        named = count(lambda: package(store, model, "print(1)"))
        print(f"{'change':24} {'durable':>10} {'no fsync':>10}  fsyncs")
        again = both(lambda _number: package(store, model, "print(1)"))
        print(f"{'nothing':24} {again[0]:7.1f} ms {again[1]:7.1f} ms  {named}")
        edit = both(lambda number: package(store, model, f"print({number})"))
        print(f"{'the entry script':24} {edit[0]:7.1f} ms {edit[1]:7.1f} ms  {syncs}")
        fresh = both(lambda number: package(*workspace(number), "print(1)"), rounds=9)
        print(f"{'another workspace':24} {fresh[0]:7.1f} ms {fresh[1]:7.1f} ms")


def register(store: Layout) -> ModelPart:
    """Put a small model into the store."""
    with store.new_blob() as blob:
        layer = LayerWriter(blob)
        layer.file("var/azureml-app/azureml-models/m/1/model.bin", b"weights")
        layer.close()
        descriptor = blob.commit(LAYER)
    return ModelPart("m", 1, descriptor)


def workspace(number: int) -> tuple[Layout, ModelPart]:
    """Make a workspace that nobody has built in."""
    store = Layout.create(home.workspaces() / f"ws{number}")
    return store, register(store)


def package(store: Layout, model: ModelPart, text: str) -> None:
    """Build and name an image."""
    script = f"def init(): pass\ndef run(data): return data\n# {text}\n"
    recipe = Recipe("package", Needs("3.11"), (model,), AppSource("score.py", content=script.encode()))
    built = build(recipe, store, Reporter())
    package_record.write(store, "package", "latest", built.image.descriptor, PackageFacts())


def both(work: Callable[[int], None], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the median milliseconds of `work`, with fsync and without."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * rounds):
        os.fsync = (_fsync, lambda _handle: None)[number % 2]
        started = time.perf_counter()
        work(number + 1000)
        times[number % 2].append((time.perf_counter() - started) * 1000)
    os.fsync = _fsync
    return statistics.median(times[0]), statistics.median(times[1])


def count(work: Callable[[], None]) -> int:
    """Return how often `work` asks the disk."""
    calls: list[int] = []
    os.fsync = lambda handle: (calls.append(handle), _fsync(handle))[1]  # type: ignore[assignment]
    work()
    os.fsync = _fsync
    return len(calls)


if __name__ == "__main__":
    main()
