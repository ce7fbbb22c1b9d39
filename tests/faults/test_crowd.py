"""promises.md F16: a store of ten thousand images and a hundred thousand blobs stays usable."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog.package_record import FACTS
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import (
    CONFIG,
    CREATED,
    LAYER,
    MANIFEST,
    REF_NAME,
    Descriptor,
    Index,
    Manifest,
    canonical,
)
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from tests.faults import times

LAYERS = 8


def put(store: Layout, media_type: str, data: bytes) -> Descriptor:
    """Write a blob as another process would have, without waiting for the disk."""
    descriptor = Descriptor(media_type, Digest.of(data), len(data))
    store.blob_path(descriptor.digest).write_bytes(data)
    return descriptor


def fill(store: Layout, images: int) -> None:
    """Write images and the index that names them."""
    entries = []
    for number in range(images):
        layers = tuple(put(store, LAYER, b"%d of %d" % (layer, number)) for layer in range(LAYERS))
        rootfs = {"type": "layers", "diff_ids": [layer.digest for layer in layers]}
        config = put(store, CONFIG, canonical({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": rootfs}))
        facts = {"models": ["m:1"], "layers": [["a layer", layer.digest, layer.size, True] for layer in layers]}
        names = {REF_NAME: f"package:{number}", CREATED: "2026-01-01T00:00:00+00:00", FACTS: json.dumps(facts)}
        entries.append(replace(put(store, MANIFEST, Manifest(config, layers).to_bytes()), annotations=names))
    (store.path / "index.json").write_bytes(Index(tuple(entries)).to_bytes())


def seconds(work: Callable[[], object]) -> float:
    """Give the better time of two: the machine is not ours alone."""
    found = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def test_ten_thousand_images(tmp_path: Path, scoreboard):
    images = times(2_000, 10_000)
    ws = Workspace.create("crowded", path=tmp_path / "ws")
    fill(ws.store, images)
    listed = seconds(lambda: ws.packages)
    new = seconds(lambda: ws.store.put_bytes(LAYER, str(time.perf_counter_ns()).encode()))
    empty = ws.store.put_bytes(MANIFEST, Manifest(ws.store.put_bytes(CONFIG, b"{}"), ()).to_bytes())
    named = seconds(lambda: ws.store.tag("package:one-more", empty))
    rubbish = [put(ws.store, LAYER, b"rubbish %d" % number) for number in range(500)]
    started = time.perf_counter()
    collected = collect(ws.store, Reporter())
    swept = time.perf_counter() - started
    scoreboard(
        "many images",
        f"{images} of {LAYERS} layers: listed in {listed * 1000:.0f} ms, a blob put in {new * 1000:.1f} ms, "
        f"a name given in {named * 1000:.0f} ms, {collected.blobs} blobs collected in {swept:.1f} s",
    )
    assert len(rubbish) <= collected.blobs <= len(rubbish) + 2, "what was put and never named may be kept"
    assert len(ws.packages) == images + 1
    assert listed < 1
    assert new < 0.05
    assert swept < 60 * images / 10_000
