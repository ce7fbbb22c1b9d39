"""What a build would do, before it does it: layers, sizes, what is kept, what is to be downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_modelpack import home
from jupyter_modelpack.builder.app_layer import app_files, shipping
from jupyter_modelpack.builder.base_image.resolve import BaseImage, kept_base, wanted_base
from jupyter_modelpack.builder.base_image.standard_library import EMPTY, TITLE, kept_library
from jupyter_modelpack.builder.build import Resolved, no_questions
from jupyter_modelpack.builder.context.source_files import Survey
from jupyter_modelpack.builder.lock.recipe_lock import recipe_lock
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.builder.server_layer import kept_server, server_files
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.collisions import settle
from jupyter_modelpack.builder.wheels.interpreter import find_interpreter
from jupyter_modelpack.builder.wheels.layer_cache import kept_wheel, known_parts
from jupyter_modelpack.builder.wheels.libraries import missing_libraries
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Manifest, Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.store.layout import Layout

State = Literal["kept", "made", "downloaded"]


@dataclass(frozen=True, slots=True)
class Step:
    """A layer or other part of the image.

    Attributes:
        title: Its name, as in the build's log.
        state: ``kept`` (nothing to do), ``made`` (written here), or ``downloaded`` (then written).
        size: Bytes in the image, 0 where only the build will know.
        download: Bytes to fetch, 0 where the index does not say.
    """

    title: str
    state: State
    size: int = 0
    download: int = 0


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """The steps of a build.

    Attributes:
        python: Minor version in the image.
        bytecode: Whether modules are compiled; otherwise containers start more slowly.
        steps: Lowest layer first.
        remarks: What the build would log about packages and files, as far as it is known before fetching.
    """

    python: str
    bytecode: bool
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    @property
    def download(self) -> int:
        """Bytes to fetch, as far as that is known."""
        return sum(step.download for step in self.steps)


def plan_image(recipe: Recipe, report: Reporter, resolved: Resolved = no_questions) -> ImagePlan:
    """Say what building `recipe` would do; resolves its requirements, fetches and writes nothing else.

    Args:
        recipe: What would go in.
        report: For log and cancel.
        resolved: Called once the packages are known; may raise.

    Raises:
        BuildFailed: the requirements cannot be met.
        Unavailable: they are not resolved yet, and the package index cannot be reached.
        PathNotFound: the entry script is not there.
    """
    needs, cache = recipe.needs, Layout.create(home.cache())
    base = None if needs.base_work else kept_base(needs.base, needs.python, recipe.platform, cache)
    python = base.python.version if base else needs.python
    target = BuildTarget(python, recipe.platform, find_interpreter(python))
    lock = recipe_lock(recipe, target, cache.path / "locks", report)
    resolved(lock, target)
    steps = [_base_step(recipe, base, cache)]
    if base and target.compiler:
        library = kept_library(base, target, cache)
        if library is None or library.size > EMPTY:
            steps.append(Step(TITLE, "kept", library.size) if library else Step(TITLE, "made"))
    for package in lock.packages:
        kept, name = kept_wheel(package, target, cache), f"{package.name} {package.version}"
        steps.append(Step(name, "kept", kept.size) if kept else Step(name, "downloaded", download=package.size))
    steps += [Step(f"model {model.name}:{model.version}", "kept", model.layer.size) for model in recipe.models]
    server = kept_server(target, cache)
    source = sum(map(len, server_files().values()))
    steps.append(Step("scoring server", "kept", server.size) if server else Step("scoring server", "made", source))
    surveyed: list[Survey] = []
    app = sum(
        len(file.content) if isinstance(file.content, bytes) else file.content.stat().st_size
        for file in app_files(recipe.source, surveyed.append)
    )
    steps.append(Step("app", "made", app + len(lock.shipped.encode())))
    parts = known_parts(lock, target, cache)
    remarks = [str(one) for one in settle(parts, target, cache).collisions]
    remarks += [str(one) for one in missing_libraries(parts, base, cache)] if base else []
    remarks += [f"{line}." for one in surveyed for line in shipping(recipe.source, one)]
    return ImagePlan(python, target.compiler is not None, tuple(steps), tuple(remarks))


def _base_step(recipe: Recipe, base: BaseImage | None, cache: Layout) -> Step:
    needs = recipe.needs
    if needs.base_work:
        return Step(f"base image with {needs.base_work}", "made")
    title, _ = wanted_base(needs.base, needs.python, recipe.platform, cache)
    if base:
        return Step(title, "kept", base.image.size)
    return Step(title, "downloaded", download=_to_fetch(Reference.parse(title).on_hub(), recipe.platform, cache))


def _to_fetch(name: Reference, platform: Platform, cache: Layout) -> int:
    """Ask the registry how much of an image is to be fetched; 0 when it does not say."""
    from jupyter_modelpack.registry.client.client import Registry  # noqa: PLC0415 - only when something is fetched
    from jupyter_modelpack.registry.client.retry import Policy  # noqa: PLC0415
    from jupyter_modelpack.registry.client.transfer import find_manifest  # noqa: PLC0415

    try:
        _, raw = find_manifest(Registry(name.registry, policy=Policy(tries=1)), name, platform, Reporter())
        manifest = Manifest.from_bytes(raw)
    except ModelpackError:  # the build will report it
        return 0
    parts = {part.digest: part.size for part in (manifest.config, *manifest.layers)}
    return sum(size for digest, size in parts.items() if not cache.has_blob(digest))
