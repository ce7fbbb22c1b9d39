"""Compile one wheel and write its layer."""

from __future__ import annotations

import posixpath
import threading

from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import Compilers
from jupyter_modelpack.builder.wheels.installed_dist import Installed
from jupyter_modelpack.builder.wheels.wheel_archive import WheelFile
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout


class Counter:
    """Common progress of several threads, in bytes; small files are counted together."""

    def __init__(self, report: Reporter, total: int) -> None:
        self._report, self._total, self._done, self._said = report, total, 0.0, 0
        self._lock = threading.Lock()

    def add(self, size: float) -> None:
        """Count bytes."""
        with self._lock:
            self._done = min(self._done + size, self._total)
            if self._done - self._said >= CHUNK or self._done > self._said == 0:
                self._say()

    def end(self) -> None:
        """Say that all is done."""
        self._done = self._total
        self._say()

    def _say(self) -> None:
        self._said = int(self._done)
        self._report.progress("dependencies", self._said, self._total)


def write_wheel(
    dist: Installed | WheelFile, target: BuildTarget, cache: Layout, report: Reporter, compilers: Compilers
) -> Descriptor:
    """Write the layer of a wheel into `cache`; other threads may write other ones meanwhile."""
    bytecode = compilers.compile(dist.modules())
    with cache.new_blob() as blob:
        layer = LayerWriter(blob, target.folders)
        for relative, content, size, executable in dist.files(bytecode):
            layer.file(posixpath.normpath(f"{target.site_packages}/{relative}"), content, size, executable=executable)
            if size > CHUNK:
                report.check()
        layer.close()
        return blob.commit(LAYER)
