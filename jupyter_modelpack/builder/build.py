"""Build an image without a daemon: assemble it in this process, layer by layer.

Layers are made once and referred to afterwards; what has not changed since the last build is neither read
nor written.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from jupyter_modelpack import home
from jupyter_modelpack.builder.app_layer import app_variables, write_app
from jupyter_modelpack.builder.base_image.resolve import BaseImage, resolve_base
from jupyter_modelpack.builder.base_image.standard_library import library_layer
from jupyter_modelpack.builder.image_config import image_config
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.recipe_lock import recipe_lock
from jupyter_modelpack.builder.recipe import Built, LayerNote, ModelPart, Recipe
from jupyter_modelpack.builder.server_layer import server_layer
from jupyter_modelpack.builder.skeleton_layer import skeleton_layer
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.interpreter import need_interpreter
from jupyter_modelpack.builder.wheels.layer_cache import known_parts, wheel_layers
from jupyter_modelpack.builder.wheels.libraries import check_libraries
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LAYER_KIND
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, LAYER_GZIP, MANIFEST, Descriptor, Manifest, canonical
from jupyter_modelpack.store.blobs import BlobWriter, commit_all
from jupyter_modelpack.store.layout import Layout


@dataclasses.dataclass(frozen=True)
class ImageEnvironment:
    """Base image and dependencies: everything that does not change with model or script.

    Attributes:
        layers: Skeleton, bytecode of the standard library and dependencies, annotated.
        notes: One for each layer.
    """

    base: BaseImage
    target: BuildTarget
    lock: Lock
    layers: tuple[Descriptor, ...]
    notes: tuple[LayerNote, ...]


Resolved = Callable[[Lock, BuildTarget], None]
"""Called with the packages before they are fetched; may raise to end the build."""


def no_questions(_lock: Lock, _target: BuildTarget) -> None:
    """Accept any packages."""


def build(
    recipe: Recipe,
    store: Layout,
    report: Reporter,
    *,
    base: BaseImage | None = None,
    resolved: Resolved = no_questions,
) -> Built:
    """Assemble the image in `store`, without a name.

    Args:
        recipe: What goes in.
        store: The workspace's layout; holds the models' layers already.
        report: Gets stages, log and progress; checked for a cancel at every step.
        base: The base image, when an engine has made one for this recipe.
        resolved: Called before packages are fetched; may raise.

    Raises:
        BuildFailed: the requirements cannot be met.
        Unavailable: the base image or a package is out of reach, or the disk is full.
        UsageError: the entry script or its folder cannot be read as asked.
    """
    started = time.monotonic()
    environment = build_environment(recipe, store, report, base=base, resolved=resolved)
    layers, notes = list(environment.layers), list(environment.notes)
    report.stage("model", f"{len(recipe.models)} model{'' if len(recipe.models) == 1 else 's'}")
    for model in recipe.models:
        layers.append(_kind(model.layer, "model"))
        notes.append(model_note(model))
    report.stage("app", f"Entry script {recipe.source.entry_script}")
    server, note = use_server(environment, store, report)
    layers.append(server)
    notes.append(note)
    with store.new_blob() as blob:
        app, reused = _write_app(recipe, environment, store, blob, report)
        layers.append(_kind(app, "app"))
        notes.append(LayerNote("app", app.digest, app.size, reused))
        report.stage("image", "Writing the manifest")
        variables = app_variables(recipe.source, recipe.models)
        image = write_image(recipe, environment, layers, notes, variables, store, blob)
    report.check()
    return Built(
        image=store.image(image),
        layers=tuple(notes),
        lock=environment.lock.shipped,
        base=f"{environment.base.title}@{environment.base.image.digest}",
        seconds=time.monotonic() - started,
    )


def build_environment(
    recipe: Recipe,
    store: Layout,
    report: Reporter,
    *,
    base: BaseImage | None = None,
    resolved: Resolved = no_questions,
) -> ImageEnvironment:
    """Add base image and dependencies to `store`."""
    needs, cache = recipe.needs, _cache()
    base = base or resolve_base(needs.base, needs.python, recipe.platform, cache, report, fresh=recipe.pull)
    store.adopt_all(cache, (*base.image.manifest.layers, base.image.manifest.config))
    python = base.python.version
    target = BuildTarget(python, recipe.platform, need_interpreter(python, report))
    if target.compiler is None:
        report.log(f"No Python {python} on this machine: the image goes without bytecode and starts slower.")
    report.stage("environment", f"Python {python} on {recipe.platform}")
    with ThreadPoolExecutor(1, "modelpack-library") as beside:  # while waiting for the package index
        library = beside.submit(library_layer, base, target, cache, report)
        lock = recipe_lock(recipe, target, cache.path / "locks", report)
    resolved(lock, target)
    report.stage("dependencies", f"{len(lock.packages)} packages")
    mine = not recipe.lock or recipe.build_sources
    made = wheel_layers(lock, target, cache, report, needs.requirements, build_sources=mine)
    check_libraries(known_parts(lock, target, cache), base, needs, cache, report)
    sees_base = needs.uses_base or bool(needs.needs_engine)
    skeleton, reused = skeleton_layer(target, base.python, store, system_packages=sees_base)
    taken = [(layer, "library") for layer in (library.result(),) if layer] + [(layer, "dependencies") for layer in made]
    for side in (store, cache):
        side.rely_on(layer.descriptor.digest for layer, _ in taken)
    layers, notes = [_kind(skeleton, "skeleton")], [LayerNote("environment", skeleton.digest, skeleton.size, reused)]
    for layer, kind in taken:
        report.check()
        store.adopt(cache, layer.descriptor)
        layers.append(_kind(layer.descriptor, kind))
        notes.append(LayerNote(layer.title, layer.descriptor.digest, layer.descriptor.size, layer.reused))
    return ImageEnvironment(base, target, lock, tuple(layers), tuple(notes))


def use_server(environment: ImageEnvironment, store: Layout, report: Reporter) -> tuple[Descriptor, LayerNote]:
    """Add the scoring server's layer to `store`."""
    cache = _cache()
    server = server_layer(environment.target, cache, report)
    store.adopt(cache, server.descriptor)
    note = LayerNote(server.title, server.descriptor.digest, server.descriptor.size, server.reused)
    return _kind(server.descriptor, "server"), note


def model_note(model: ModelPart) -> LayerNote:
    """Return the note of a model's layer, which registering has written."""
    return LayerNote(f"model {model.name}:{model.version}", model.layer.digest, model.layer.size, reused=True)


def write_image(
    recipe: Recipe,
    environment: ImageEnvironment,
    layers: Sequence[Descriptor],
    notes: Sequence[LayerNote],
    variables: Mapping[str, str],
    store: Layout,
    *uncommitted: BlobWriter,
) -> Descriptor:
    """Write config and manifest, committing `uncommitted` blobs with the same fsync; return the manifest."""
    base = environment.base
    below = (_as_oci(layer) for layer in base.image.manifest.layers)
    with store.new_blob() as config, store.new_blob() as manifest:
        found = image_config(recipe, base, environment.target, notes, variables, environment.lock.shipped)
        config.write(canonical(found))
        manifest.write(Manifest(config.descriptor(CONFIG), (*below, *layers)).to_bytes())
        commit_all([*uncommitted, config, manifest])
        return manifest.descriptor(MANIFEST)


def _cache() -> Layout:
    return Layout.create(home.cache())


def _kind(descriptor: Descriptor, kind: str) -> Descriptor:
    return dataclasses.replace(descriptor, annotations={LAYER_KIND: kind}, platform=None)


def _as_oci(layer: Descriptor) -> Descriptor:
    """Return the descriptor of a Docker layer with its OCI media type; the bytes are the same."""
    plain = {"application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER_GZIP}
    return Descriptor(plain.get(layer.media_type, layer.media_type), layer.digest, layer.size)


def _write_app(
    recipe: Recipe, environment: ImageEnvironment, store: Layout, blob: BlobWriter, report: Reporter
) -> tuple[Descriptor, bool]:
    layer = LayerWriter(blob, environment.target.folders)
    write_app(layer, recipe.source, environment.lock.shipped, report)
    layer.close()
    return blob.descriptor(LAYER), store.has_blob(blob.digest)
