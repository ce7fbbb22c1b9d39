import pytest

from jupyter_modelpack.builder import top_level_modules
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout

SITE = "opt/modelpack/env/lib/python3.11/site-packages"


def layer(store: Layout) -> Descriptor:
    with store.new_blob() as blob:
        writer = LayerWriter(blob)
        for name in (
            "six.py",
            "sourceless.pyc",
            "__pycache__/cached.cpython-311.pyc",
            "not.a.module.py",
            "números.py",
            "_native.cpython-311-x86_64-linux-gnu.so",
            "numpy/__init__.py",
            "numpy-2.dist-info/RECORD",
        ):
            writer.file(f"{SITE}/{name}", b"")
        writer.file("opt/modelpack/env/bin/tool", b"")
        writer.close()
        return blob.commit(LAYER)


def test_modules_are_found_by_their_place(store, machine_cache):
    assert top_level_modules.provided(layer(store), store, machine_cache) == {
        *("six", "_native", "numpy", "sourceless", "números", "__pycache__"),
    }


@pytest.mark.parametrize("damage", ["", "[", "5"])
def test_a_damaged_note_is_made_anew(store, machine_cache, damage):
    made = layer(store)
    first = top_level_modules.provided(made, store, machine_cache)
    for path in (machine_cache.path / "modules").iterdir():
        path.write_text(damage)
    top_level_modules._noted.cache_clear()
    assert top_level_modules.provided(made, store, machine_cache) == first


def test_a_layer_is_walked_once(store, machine_cache):
    made = layer(store)
    first = top_level_modules.provided(made, store, machine_cache)
    store.blob_path(made.digest).unlink()
    assert top_level_modules.provided(made, store, machine_cache) == first
