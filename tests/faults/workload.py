"""The work that gets disturbed: a model is registered, an image is put over it, both in one workspace."""

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from jupyter_modelpack import Model, Workspace
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, canonical
from jupyter_modelpack.store.check import check
from jupyter_modelpack.store.layout import Layout

Say = Callable[[str], None]
MODEL_BYTES = 40_000


def register(folder: Path, name: str, content: bytes) -> Model:
    """Register a model in the workspace at `folder`, as a user does, from a file on another disk."""
    with tempfile.NamedTemporaryFile(prefix="model-") as source:
        source.write(content)
        source.flush()
        return register_file(folder, name, Path(source.name))


def register_file(folder: Path, name: str, source: Path) -> Model:
    with contextlib.redirect_stdout(io.StringIO()):
        return Model.register(workspace(folder), source, name)


def workspace(folder: Path) -> Workspace:
    return Workspace.create(folder.name, path=folder, exist_ok=True)


def package(folder: Path, tag: str, model: Model, cache: Layout | None = None) -> Digest:
    """Put an image over a model's layer and name it, in the order a build does."""
    store = workspace(folder).store
    with store.work():
        layers = [model.part().layer]
        if cache:
            for entry in cache.index().manifests:
                store.adopt(cache, entry)
                layers.append(entry)
        with store.new_blob() as blob:
            layer = LayerWriter(blob)
            layer.file(f"var/azureml-app/{tag}.py", f"# {tag}\n".encode() * 500)
            layer.close()
            layers.append(blob.commit(LAYER))
        config = {"architecture": "amd64", "os": "linux", "config": {}, "tag": tag}
        config["rootfs"] = {"type": "layers", "diff_ids": [part.digest for part in layers]}
        manifest = Manifest(store.put_bytes(CONFIG, canonical(config)), tuple(layers))
        descriptor = store.put_bytes(MANIFEST, manifest.to_bytes())
        facts = PackageFacts((model.id,))
        package_record.write(store, "package", tag, descriptor, facts)
    return descriptor.digest


def register_and_package(folder: Path, tag: str, say: Say = lambda _line: None, cache: Layout | None = None) -> None:
    """Do both; `say` what is committed the moment that it is."""
    model = register(folder, "m", tag.encode() * (MODEL_BYTES // len(tag)))
    say(f"models/{model.id}")
    package(folder, tag, model, cache)
    say(f"package:{tag}")


def small_cache(path: Path, layers: int = 3) -> Layout:
    """A layout with a few layers, to take over from."""
    cache = Layout.create(path)
    for number in range(layers):
        cache.tag(f"layer:{number}", cache.put_bytes(LAYER, f"layer {number} ".encode() * 5000))
    return cache


def wrong(folder: Path, committed: list[str]) -> list[str]:
    """Start again on a workspace, as the next user does; return what is wrong with it."""
    store = Layout.create(folder)
    names = store.names()
    lost = [f"lost {name}" for name in committed if name not in names]
    return lost + [f"{finding.fault} {finding.what} {finding.names}" for finding in check(store, Reporter()).findings]
