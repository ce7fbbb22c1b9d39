"""The notes of which layer a wheel is."""

from pathlib import Path

import pytest

from jupyter_modelpack.builder.wheels.layer_cache import find_layer, keep_layer, kept_layers
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"5", b'{"mediaType": "x", "digest": "sha256:0", "size": 1}'])
def test_a_damaged_note_keeps_no_collector_from_its_work(tmp_path: Path, damage: bytes):
    cache = Layout.create(tmp_path / "cache")
    layer = keep_layer(cache, "whole", cache.put_bytes(LAYER, b"layer"))
    keep_layer(cache, "damaged", layer)
    assert find_layer(cache, "damaged") == layer
    (cache.path / "wheels" / "damaged").write_bytes(damage)
    assert list(kept_layers(cache)) == [layer.digest]
    assert find_layer(cache, "damaged") is None
