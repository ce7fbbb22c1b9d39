"""One installed wheel as a layer: compiled, then written."""

from __future__ import annotations

import os
import posixpath
import threading

from jupyter_modelpack.build.bytecode import compile_modules
from jupyter_modelpack.build.installed import Installed
from jupyter_modelpack.build.target import Target
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout


class Counter:
    """Bytes written by several threads, as one progress; a wheel's thousand small files are one step."""

    def __init__(self, report: Reporter, total: int) -> None:
        self._report, self._total, self._done, self._said = report, total, 0, 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Count bytes."""
        with self._lock:
            self._done = min(self._done + size, self._total)
            if self._done - self._said >= CHUNK or self._done == self._total:
                self._said = self._done
                self._report.progress("dependencies", self._done, self._total)


def write_wheel(dist: Installed, target: Target, cache: Layout, report: Reporter, counter: Counter) -> Descriptor:
    """Write the layer of a wheel into `cache`; other threads may write other ones meanwhile."""
    compile_modules(dist.modules(), target, report)
    with cache.new_blob() as blob:
        layer = LayerWriter(blob, target.folders)
        for relative, content, executable in dist.files():
            place = posixpath.normpath(f"{target.site_packages}/{relative}")
            if isinstance(content, bytes):
                layer.file(place, content, executable=executable)
                continue
            with open(content, "rb", buffering=0) as stream:  # noqa: PTH123 - 10,000 files
                size = os.fstat(stream.fileno()).st_size
                if size <= CHUNK:
                    layer.file(place, stream.read(), executable=executable)
                else:
                    layer.file(place, stream, size, executable=executable)
            counter.add(size)
        layer.close()
        return blob.commit(LAYER)
