import gzip
import io
import marshal
import tarfile

import pytest

from jupyter_modelpack.builder.base_image.find_python import ImagePython
from jupyter_modelpack.builder.base_image.resolve import BaseImage
from jupyter_modelpack.builder.base_image.standard_library import kept_library, library_layer
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.verify import verify
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.errors import Cancelled, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, LAYER_GZIP, MANIFEST, Manifest, Platform, canonical
from jupyter_modelpack.store.layout import Layout

VERSION = "3.11"
LIBRARY = f"usr/local/lib/python{VERSION}"
TARGET = BuildTarget(VERSION, Platform(), find_compiler(VERSION))
SLIM = {"os.py": "name = 'posix'", "json/__init__.py": "from json import decoder", "json/decoder.py": "x = 1"}


def tar(files: dict[str, str], below: str = LIBRARY) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"./{below}/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def base(cache: Layout, *layers: bytes, packed: bool = False) -> BaseImage:
    kind = LAYER_GZIP if packed else LAYER
    put = tuple(cache.put_bytes(kind, gzip.compress(layer, mtime=0) if packed else layer) for layer in layers)
    config = cache.put_bytes(CONFIG, canonical({"os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}))
    image = cache.image(cache.put_bytes(MANIFEST, Manifest(config, put).to_bytes()))
    return BaseImage("python:3.11-slim", image, ImagePython(VERSION, f"/usr/local/bin/python{VERSION}"))


def files(cache: Layout, *layers: bytes, packed: bool = False) -> dict[str, bytes]:
    """What the layer above such a base holds, by its path in the library."""
    made = library_layer(base(cache, *layers, packed=packed), TARGET, cache, Reporter())
    if made is None:
        return {}
    with cache.open_blob(made.descriptor) as stream:
        found = {entry.path: content.read() for entry, content in read_layer(stream) if content}
    assert all(path.startswith(f"{LIBRARY}/") for path in found)
    return {path.removeprefix(f"{LIBRARY}/"): data for path, data in found.items()}


@pytest.mark.parametrize("packed", [False, True])
def test_what_a_slim_image_leaves_out(machine_cache, packed):
    skipped = dict.fromkeys(["test/test_os.py", "tkinter/__init__.py", "site-packages/pip/__init__.py"], "x = 1")
    found = files(machine_cache, tar({**SLIM, **skipped, "LICENSE.txt": "-", "broken.py": "def"}), packed=packed)
    assert set(found) == {
        "__pycache__/os.cpython-311.pyc",
        "json/__pycache__/__init__.cpython-311.pyc",
        "json/__pycache__/decoder.cpython-311.pyc",
    }
    code = marshal.loads(found["json/__pycache__/decoder.cpython-311.pyc"][16:])
    assert code.co_filename == f"/{LIBRARY}/json/decoder.py"


def test_folders_of_the_base_keep_their_owners(machine_cache):
    made = library_layer(base(machine_cache, tar(SLIM)), TARGET, machine_cache, Reporter())
    with machine_cache.open_blob(made.descriptor) as stream:
        folders = [entry.path for entry, _ in read_layer(stream) if entry.kind == "dir"]
    assert folders == [f"{LIBRARY}/__pycache__", f"{LIBRARY}/json/__pycache__"]


def test_upper_layers_replace_and_take_away(machine_cache):
    upper = tar({"os.py": "name = 'nt'", "json/.wh.decoder.py": "", ".wh.LICENSE.txt": ""})
    found = files(machine_cache, tar(SLIM), upper)
    assert set(found) == {"__pycache__/os.cpython-311.pyc", "json/__pycache__/__init__.cpython-311.pyc"}
    assert b"nt" in found["__pycache__/os.cpython-311.pyc"]
    assert set(files(machine_cache, tar(SLIM), tar({"json/.wh..wh..opq": ""}))) == {"__pycache__/os.cpython-311.pyc"}
    assert files(machine_cache, tar(SLIM), tar({".wh..wh..opq": ""})) == {}
    assert files(machine_cache, tar({"x.py": "x = 1"}, "usr/lib/python3.11")) == {}, "of another interpreter"


def test_a_base_that_has_bytecode_needs_none(machine_cache):
    there = {"__pycache__/os.cpython-311.pyc": "", "json/__pycache__/__init__.cpython-311.pyc": ""}
    complete = {**SLIM, **there, "json/__pycache__/decoder.cpython-311.pyc": ""}
    assert set(files(machine_cache, tar({**SLIM, **there}))) == {"json/__pycache__/decoder.cpython-311.pyc"}
    assert files(machine_cache, tar(complete)) == {}
    assert kept_library(base(machine_cache, tar(complete)), TARGET, machine_cache), "nobody looks twice"


def test_without_an_interpreter_there_is_none(machine_cache):
    target = BuildTarget(VERSION, Platform(), None)
    assert library_layer(base(machine_cache, tar(SLIM)), target, machine_cache, Reporter()) is None


def test_it_is_made_once(machine_cache):
    first = library_layer(base(machine_cache, tar(SLIM)), TARGET, machine_cache, Reporter())
    again = library_layer(base(machine_cache, tar(SLIM)), TARGET, machine_cache, Reporter())
    assert (first.reused, again.reused) == (False, True)
    assert first.descriptor == again.descriptor


def test_more_source_than_any_python_has_is_not_compiled(machine_cache, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.builder.base_image.standard_library.LIBRARY_BYTES", 30)
    assert set(files(machine_cache, tar(SLIM))) == {"__pycache__/os.cpython-311.pyc"}


def test_what_is_no_archive_is_refused(machine_cache):
    with pytest.raises(Untrusted, match="no readable archive"):
        files(machine_cache, b"no tar" * 200)


def test_it_can_be_cancelled(machine_cache):
    report = Reporter()
    report.cancel()
    with pytest.raises(Cancelled):
        library_layer(base(machine_cache, tar(SLIM)), TARGET, machine_cache, report)


@pytest.mark.network
def test_an_image_has_it_and_is_made_the_same_again(recipe, store):
    from jupyter_modelpack.builder.build import build

    built = build(recipe(), store, Reporter())
    assert "bytecode of Python's own modules" in [note.title for note in built.layers]
    assert verify(built.image, Reporter()).differences == ()
