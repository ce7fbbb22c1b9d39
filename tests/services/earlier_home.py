"""`python -m tests.services.earlier_home PROGRAM`: write tests/catalog/earlier-home.tar.xz again.

PROGRAM is the `modelpack` of an earlier commit in an environment of its own. The file in the repository was made by
988053e, the last commit before the scoring server's files moved and before records had a format:

    git worktree add ../earlier 988053e && make -C ../earlier .venv/.ready
    .venv/bin/python -m tests.services.earlier_home ../earlier/.venv/bin/modelpack

It is a MODELPACK_HOME with a workspace (a model, an environment, a package), the base image in its cache, a service of
the process engine that was killed, and beside it `package.tar`, the package as `save` wrote it. To keep it small, the
base image is no system but an interpreter's name and one module of its library (the process engine uses this machine's
Python), and the layer of httptools and orjson is an empty file: half a megabyte that the test makes of the same wheels.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from jupyter_modelpack.image_contract import LAYER_KIND
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, canonical
from jupyter_modelpack.store.layout import Layout
from tests.commands.archives import repack
from tests.services import CHECKOUT

FILE = CHECKOUT / "tests" / "catalog" / "earlier-home.tar.xz"

SCRIPT = """import json, os

def init():
    global factor
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "factor.json")) as file:
        factor = json.load(file)

def run(data):
    print("scoring", data)
    return [factor * value for value in json.loads(data)["data"]]
"""

ENVIRONMENT = """
from jupyter_modelpack import Environment, Workspace
Environment("sklearn").register(Workspace.get("shop"))
"""


def main(program: str) -> None:
    """Let `program` do what a user did with it, and pack what is left of it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        env = {
            **os.environ,
            "MODELPACK_HOME": str(here / "home"),
            "MODELPACK_ENGINE": "process",
            "MODELPACK_WORKSPACE": "shop",
            "MODELPACK_BASE_IMAGE": str(_base(here / "base")),
        }
        env.pop("PYTHONPATH", None)
        (here / "score.py").write_text(SCRIPT)
        (here / "factor.json").write_text("3")

        def run(*argv: str) -> None:
            subprocess.run(argv, cwd=here, env=env, check=True)

        run(program, "create", "shop")
        run(program, "register", "factor.json", "--name", "factor")
        run(
            program,
            "package",
            "score.py",
            "--model",
            "factor",
            "--name",
            "tripler",
            "--tag",
            "1",
            "--sample",
            '{"data": [1]}',
        )
        run(str(Path(program).with_name("python")), "-c", ENVIRONMENT)
        run(program, "save", "tripler:1", "package.tar")
        run(program, "run", "tripler:1", "--port", "0")
        run(program, "score")
        run(program, "kill", "tripler")
        for place in ("blobs/sha256", "collisions", "contents", "libraries", "locks", "pickles", "wheels"):
            for path in (here / "home/cache" / place).iterdir():
                path.unlink()
        Layout(here / "home/cache").adopt_image(*_image(here / "base"))
        shutil.rmtree(here / "home/processes")
        shutil.rmtree(here / "home/workspaces/shop/logs")
        _empty_dependencies(here)
        with tarfile.open(FILE, "w:xz", preset=9) as archive:
            for name in ("home", "package.tar"):
                archive.add(here / name, name, filter=_nobodys)


def _base(folder: Path) -> Path:
    layout = Layout.create(folder)
    with layout.new_blob() as blob:
        writer = LayerWriter(blob)
        writer.file("usr/bin/python3.11", b"")
        writer.file("usr/lib/python3.11/this.py", b"print('The Zen of Python')\n")
        writer.close()
        layer = blob.commit(LAYER)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": {"Env": ["PATH=/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }
    manifest = Manifest(layout.put_bytes(CONFIG, canonical(config)), (layer,))
    layout.tag("base:1", layout.put_bytes(MANIFEST, manifest.to_bytes()))
    return folder


def _image(folder: Path) -> tuple[Image, Layout]:
    layout = Layout(folder)
    return layout.image(layout.names()["base:1"]), layout


def _empty_dependencies(here: Path) -> None:
    store = Layout(here / "home/workspaces/shop")
    layers = store.image(store.names()["tripler:1"]).manifest.layers
    [large] = [layer for layer in layers if layer.annotations.get(LAYER_KIND) == "dependencies"]
    store.blob_path(large.digest).unlink()
    store.blob_path(large.digest).touch()
    whole = here / "whole.tar"
    (here / "package.tar").rename(whole)
    repack(whole, here / "package.tar", lambda name, data: b"" if name.endswith(large.digest.hex) else data)


def _nobodys(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return None if info.name.endswith(".lock") else info


if __name__ == "__main__":
    main(sys.argv[1])
