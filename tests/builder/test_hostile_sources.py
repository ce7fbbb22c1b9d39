"""promises.md F14, threat-model.md T3: a folder ships as it is, byte for byte, or is refused."""

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_modelpack.builder.app_layer import write_app
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.catalog.models.model_layer import gather, write_layer
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import APP_ROOT
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.store.layout import Layout
from tests.faults import times

SECRET = b"not of this folder"
HIDDEN = {".env", "id_rsa", "a.pem"}
NAMES = ["a b", '"', "'", "$HOME", "~", "-rf", "x\ny", "😀", "é", "e\u0301", "\u202egnp.exe", "n" * 255, "ü" * 127]
NAMES += [
    "a\\b",
    "..x",
    "...",
    "#",
    "!",
    "*",
    "[a]",
    "\x1b[31m",
    os.fsdecode(b"\xff\xfe"),
    "con:",
    ".gitignore",
    *HIDDEN,
]
PART = st.one_of(st.sampled_from([*NAMES, "lib", "score.py"]), st.text("aé/\n *", min_size=1, max_size=4))
PATH = st.lists(PART, min_size=1, max_size=3).map("/".join)
TARGETS = [
    "..",
    "../outside",
    "../outside/key",
    "../folder-too/key",
    "/etc/hostname",
    "/",
    ".",
    "lib",
    "lib/..",
    "gone",
]
TARGET = st.one_of(st.sampled_from(TARGETS), PATH)
ENTRY = st.tuples(st.sampled_from(["file", "file", "file", "folder", "link", "pipe"]), PATH, TARGET)


@contextlib.contextmanager
def folder_of(entries) -> Iterator[Path]:
    """Make what can be made of these entries, beside what is not to ship."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for other in ("outside", "folder-too"):
            (top / other).mkdir()
            (top / other / "key").write_bytes(SECRET)
        folder = top / "folder"
        folder.mkdir()
        (folder / "score.py").write_bytes(b"./score.py")
        for kind, path, target in entries:
            where = Path(os.path.normpath(folder / path.lstrip("/")))
            if not where.is_relative_to(folder):
                continue
            with contextlib.suppress(OSError, ValueError):  # a name that is too long, or there
                where.parent.mkdir(parents=True, exist_ok=True)
                if not where.parent.resolve().is_relative_to(folder):
                    continue
                if kind == "file":
                    with where.open("xb") as made:
                        made.write(os.fsencode(f"./{where.relative_to(folder)}"))
                elif kind == "folder":
                    where.mkdir()
                elif kind == "link":
                    where.symlink_to(target)
                else:
                    os.mkfifo(where)
        yield folder


def shipped(layer: bytes, prefix: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        found = {}
        for entry in archive:
            assert entry.isfile() or entry.isdir()
            assert entry.mode & ~0o755 == 0
            if entry.isfile() and entry.name.startswith(prefix):
                found[entry.name.removeprefix(prefix)] = archive.extractfile(entry).read()
        return found


def check(found: dict[str, bytes], folder: Path) -> None:
    """Each file is what lies at its place, a link followed, and lies in the folder."""
    for path, content in found.items():
        where = (folder / path).resolve()
        assert where.is_relative_to(folder)
        assert content == where.read_bytes() != SECRET


def may_be_refused(entries) -> bool:
    return any(kind in {"link", "pipe"} or not path.isprintable() for kind, path, _ in entries)


@settings(max_examples=times(300, 1_000), deadline=None)
@given(st.lists(ENTRY, max_size=6))
@example([("link", "lib", "../folder-too"), ("file", "a b", "")])
@example([("file", "\n/id_rsa", "")])
@example([("folder", ".gitignore", "")])
@example([("file", "x\ny", ""), ("file", "e\u0301", ""), ("file", "é", ""), ("file", "n" * 255, "")])
def test_a_source_directory(entries):
    with folder_of(entries) as folder:
        out = io.BytesIO()
        writer = LayerWriter(out)
        try:
            write_app(writer, AppSource("score.py", folder), "", Reporter())
            writer.close()
        except ModelpackError:
            if may_be_refused(entries):
                return
            raise
        found = shipped(out.getvalue(), f"{APP_ROOT[1:]}/folder/")
        check(found, folder)
        assert not {part for path in found for part in path.split("/")} & HIDDEN


@settings(max_examples=times(150, 500), deadline=None)
@given(st.lists(ENTRY, max_size=6))
def test_the_folder_of_a_model(entries):
    with folder_of(entries) as folder, tempfile.TemporaryDirectory() as name:
        store = Layout.create(Path(name, "store"))
        try:
            layer = write_layer(store, "m", 1, gather(folder), Reporter())
        except ModelpackError:
            if may_be_refused(entries):
                return
            raise
        found = shipped(store.blob_path(layer.digest).read_bytes(), "var/azureml-app/azureml-models/m/1/folder/")
        check(found, folder)


@pytest.mark.parametrize("name", ["a b", "-rf", "😀", "e\u0301", "x\ny", "n" * 255, '"$HOME"'])
def test_names_that_people_do_give(name):
    with folder_of([("file", name, "")]) as folder:
        out = io.BytesIO()
        writer = LayerWriter(out)
        write_app(writer, AppSource("score.py", folder), "", Reporter())
        writer.close()
        assert name in shipped(out.getvalue(), f"{APP_ROOT[1:]}/folder/")
