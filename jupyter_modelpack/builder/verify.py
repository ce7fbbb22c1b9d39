"""Rebuild an image from its own labels and lock, and compare the bytes.

Dependencies, skeleton, server and config are rebuilt with an empty cache; models and the app have no other
source than the image, so their digests are checked.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack import _version, home
from jupyter_modelpack.builder.base_image.find_python import find_python
from jupyter_modelpack.builder.base_image.resolve import BaseImage, resolve_base
from jupyter_modelpack.builder.base_image.standard_library import TITLE as LIBRARY
from jupyter_modelpack.builder.base_image.standard_library import library_layer
from jupyter_modelpack.builder.image_config import image_config
from jupyter_modelpack.builder.layer_diff import tell_difference
from jupyter_modelpack.builder.lock.from_image import lock_in, member
from jupyter_modelpack.builder.lock.pylock import Lock, refuse_sources
from jupyter_modelpack.builder.recipe import AppSource, LayerNote, ModelPart, Needs, Recipe
from jupyter_modelpack.builder.server_layer import server_layer
from jupyter_modelpack.builder.skeleton_layer import skeleton_layer
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.interpreter import need_interpreter
from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers
from jupyter_modelpack.errors import NotFound, Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import (
    LAYER_KIND,
    LOCK_LABEL,
    MODELS_LABEL,
    NAME_LABEL,
    PYTHON_LABEL,
    VERSION_LABEL,
)
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import LAYER, MANIFEST, Descriptor, Platform, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.store.files import temporary_folder
from jupyter_modelpack.store.layout import Layout

_BASE_DIGEST = "org.opencontainers.image.base.digest"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the image and its rebuild.

    Attributes:
        what: The layer or part of the config.
        why: The likely reason, for people.
    """

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result; without differences the digest is the same."""

    digest: Digest
    differences: tuple[Difference, ...]


def verify(image: Image, report: Reporter, *, build_sources: bool = False) -> Verdict:
    """Rebuild `image` and compare.

    Args:
        image: The image.
        report: For stages and progress.
        build_sources: Whether source archives that its lock names may be built, which runs their code.

    Raises:
        UsageError: the image was not packaged by us, so it lacks the labels; or its lock names source
            archives, and they may not be built.
        NotFound: its base image is not on this machine.
        Unavailable: its packages cannot be fetched.
        Untrusted: its labels are not what packaging writes.
    """
    stored, labels = image.config(), image.labels()
    if LOCK_LABEL not in labels:
        raise UsageError("This image does not say what it was made of.", hint="Verify one that was packaged here.")
    if not {PYTHON_LABEL, MODELS_LABEL, NAME_LABEL, _BASE_DIGEST} <= labels.keys():
        raise _strange()
    damaged = tuple(_damaged(image, report))
    if damaged:
        return Verdict(image.digest, damaged)
    cache = Layout.create(home.cache())
    base = _base(labels, image.platform(), cache, report)
    target = BuildTarget(labels[PYTHON_LABEL], image.platform(), need_interpreter(labels[PYTHON_LABEL], report))
    ours = image.manifest.layers[len(base.image.manifest.layers) :]
    kept = [layer for layer in ours if layer.annotations.get(LAYER_KIND) in {"model", "app"}]
    if not kept:
        raise _strange()
    lock = Lock.parse(lock_in(image))
    if not build_sources:
        refuse_sources(lock.packages)
    sees_base = "site-packages = true" in member(image, ours[0], f"{target.env[1:]}/pyvenv.cfg")
    with temporary_folder(cache.path) as folder:
        scratch = Layout.create(folder / "layout")
        report.stage("dependencies", f"Making {len(lock.packages)} packages again")
        skeleton, _ = skeleton_layer(target, base.python, scratch, system_packages=sees_base)
        made = [LayerNote("environment", skeleton.digest, skeleton.size, reused=False)]
        library = library_layer(base, target, scratch, report)
        wheels = [*([library] if library else []), *wheel_layers(lock, target, scratch, report)]
        made += [LayerNote(one.title, one.descriptor.digest, one.descriptor.size, reused=False) for one in wheels]
        server = server_layer(target, scratch, report).descriptor
        recipe = _recipe(stored, labels, [layer for layer in kept if layer.annotations[LAYER_KIND] == "model"])
        made += [
            LayerNote(f"model {part.name}:{part.version}", part.layer.digest, 0, reused=True) for part in recipe.models
        ]
        made.append(LayerNote("scoring server", server.digest, server.size, reused=False))
        made.append(LayerNote("app", kept[-1].digest, kept[-1].size, reused=True))
        unmade = [layer for layer in ours if layer.annotations.get(LAYER_KIND) == "library" and target.compiler is None]
        differences = [Difference(LIBRARY, _no_compiler(target)) for _ in unmade]
        differences += _layers(image, [layer for layer in ours if layer not in unmade], made, scratch, target)
    differences += _config(recipe, base, target, made, lock, image)
    return Verdict(image.digest, tuple(differences))


def _damaged(image: Image, report: Reporter) -> Iterator[Difference]:
    report.stage("image", "Reading the image")
    for layer in image.manifest.layers:
        try:
            with image.blobs.open_blob(layer) as stream:
                while stream.read(CHUNK):
                    report.check()
        except (Untrusted, NotFound) as error:
            yield Difference(f"layer {layer.digest.short}", error.message)


def _base(labels: Mapping[str, str], platform: Platform, cache: Layout, report: Reporter) -> BaseImage:
    digest = Digest.parse(labels[_BASE_DIGEST])
    name = labels.get("org.opencontainers.image.base.name", "")
    found = cache.find_blob(digest)
    if found is None and name:
        # Made on another machine: a registry serves the image by its digest, even if the tag has moved.
        python = labels[PYTHON_LABEL]
        resolved = resolve_base(f"{Reference.parse(name).name}@{digest}", python, platform, cache, report)
        return dataclasses.replace(resolved, title=name, reference=name)
    if found is None:
        raise NotFound(
            f"The base image {name or digest.short} is not on this machine.",
            hint="Package something on it, or run `modelpack base`, so that it is fetched or made.",
            code="no-base",
        )
    image = cache.image(Descriptor(MANIFEST, digest, found[1]))
    return BaseImage(name, image, find_python(image, labels[PYTHON_LABEL]), name)


def _recipe(stored: Mapping[str, Any], labels: Mapping[str, str], layers: list[Descriptor]) -> Recipe:
    """Rebuild the recipe from the image's labels and times."""
    try:
        created = dt.datetime.fromisoformat(stored["created"])
        names = [name.rpartition(":") for name in labels[MODELS_LABEL].split(",") if name]
        models = tuple(
            ModelPart(name, int(version), layer) for (name, _, version), layer in zip(names, layers, strict=True)
        )
        return Recipe(labels[NAME_LABEL], Needs(labels[PYTHON_LABEL]), models, AppSource(""), created=created)
    except (KeyError, ValueError, TypeError) as error:  # an image from a file may have any labels
        raise _strange() from error


def _strange() -> Untrusted:
    return Untrusted(
        "What the image says of its models, name or time is not what packaging writes.",
        hint="It can be run, but not be made again.",
        code="bad-labels",
    )


def _layers(
    image: Image, ours: list[Descriptor], made: list[LayerNote], scratch: Layout, target: BuildTarget
) -> Iterator[Difference]:
    version = image.labels().get(VERSION_LABEL, "")
    for layer, note in zip(ours, made, strict=False):
        if layer.digest == note.digest:
            continue
        if note.title == "scoring server":
            here = _version.__version__
            there = f"another build of {version}" if version == here else f"version {version}, this is version {here}"
            why = f"the image has that of {there}, or it was edited"
        elif target.compiler is None:
            why = _no_compiler(target)
        elif not scratch.has_blob(note.digest):  # their number differs, which is reported below
            why = "another layer is in its place"
        else:
            rebuilt = f"made again it is {note.digest.short}, not {layer.digest.short}"
            with (
                image.blobs.open_blob(layer) as theirs,
                scratch.open_blob(Descriptor(LAYER, note.digest, note.size)) as mine,
            ):
                why = f"{rebuilt}: {tell_difference(theirs, mine, target.python)}"
        yield Difference(note.title, why)
    if len(ours) != len(made):
        yield Difference("layers", f"the image has {len(ours)} of ours, made again there are {len(made)}")


def _no_compiler(target: BuildTarget) -> str:
    return f"there is no Python {target.python} on this machine to compile its bytecode"


def _config(
    recipe: Recipe, base: BaseImage, target: BuildTarget, made: list[LayerNote], lock: Lock, image: Image
) -> Iterator[Difference]:
    """Compare the config; the user's variables and labels are taken from the image."""
    stored = image.config()
    plain = image_config(recipe, base, target, made, {}, lock.shipped)["config"]
    theirs = image.variables()
    known = dict(entry.partition("=")[::2] for entry in plain["Env"])
    chosen = {name: value for name, value in theirs.items() if known.get(name) != value}
    more = {name: value for name, value in stored["config"]["Labels"].items() if name not in plain["Labels"]}
    recipe = dataclasses.replace(recipe, labels=more, needs=dataclasses.replace(recipe.needs, variables=chosen))
    rebuilt = image_config(recipe, base, target, made, {}, lock.shipped)
    if canonical(rebuilt) == canonical(stored):
        return
    for part in sorted((rebuilt.keys() | stored.keys()) - {"config", "rootfs", "history"}):
        if rebuilt.get(part) != stored.get(part):
            yield Difference(part, f"made again it is {rebuilt.get(part)}, not {stored.get(part)}")
    for part in sorted(rebuilt["config"].keys() | stored["config"].keys()):
        ours, theirs = rebuilt["config"].get(part), stored["config"].get(part)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            names = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
            for name in names:
                yield Difference(f"{part} {name}", f"made again it is {ours.get(name)}, not {theirs.get(name)}")
        elif ours != theirs:
            yield Difference(part, f"made again it is {ours}, not {theirs}")
