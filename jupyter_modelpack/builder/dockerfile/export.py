"""Export a package as a Dockerfile with its context, to inspect, edit and build.

``FROM`` names an image in the workspace's own registry with base and dependencies, so building downloads
no package; what a user may want to inspect or change is beside it as plain
files. azure-differences.md 6, "Saved context layout".
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.app_layer import app_variables, write_files
from jupyter_modelpack.builder.base_image.base_name import default_reference
from jupyter_modelpack.builder.base_image.resolve import BaseImage
from jupyter_modelpack.builder.base_image.via_engine import apt_step
from jupyter_modelpack.builder.build import (
    ImageEnvironment,
    Resolved,
    build_environment,
    model_note,
    no_questions,
    use_server,
    write_image,
)
from jupyter_modelpack.builder.dockerfile.text import command, comment, env, label
from jupyter_modelpack.builder.image_config import environment_of, health_check
from jupyter_modelpack.builder.lock.pylock import Lock, Locked, hashed_requirements
from jupyter_modelpack.builder.recipe import LayerNote, ModelPart, Recipe
from jupyter_modelpack.builder.server_layer import server_files
from jupyter_modelpack.builder.wheels.collisions import settle
from jupyter_modelpack.builder.wheels.layer_cache import known_parts
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import (
    APP_FOLDER,
    APP_ROOT,
    ENV_DIR,
    IMAGE_PORT,
    LOCK_FILE,
    LOCK_PATH,
    OUR_ROOT,
    SERVER,
    USER,
)
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.unpack import unpack
from jupyter_modelpack.store.layout import Layout

REPOSITORY = "azureml/environment"
"""Where environment images are named in a workspace (azure-differences.md 6: a second repository under azureml/)."""

LAST = "requirements-last"
"""Folder of packages that pip installs once more, so that files which several ship are those of the image."""


@dataclass(frozen=True)
class DockerContext:
    """A Dockerfile package: everything that `write` puts into a folder.

    Attributes:
        environment: The image that ``FROM`` names, complete in the store.
        environment_name: Its name in the store.
        reference: Its name in the workspace's registry, by digest.
        notes: Its layers.
        lock: The pylock.toml.
        last: Packages of the lock whose files replace those of others, in its order: pip has an order of its own.
    """

    environment: Image
    environment_name: str
    reference: str
    notes: tuple[LayerNote, ...]
    lock: str
    text: str
    recipe: Recipe
    store: Layout
    last: tuple[Locked, ...] = ()

    def write(self, folder: Path) -> None:
        """Write Dockerfile and context into `folder`, replacing existing files and creating parents.

        Raises:
            UsageError: `folder` is a file.
        """
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"Error, output path is not a directory: {folder}")
        app = folder / APP_FOLDER
        app.mkdir(parents=True, exist_ok=True)
        write_files(self.recipe.source, app)
        for model in self.recipe.models:
            with self.store.open_blob(model.layer) as stream:
                unpack(stream, f"{APP_ROOT[1:]}/", app, overwrite=True)
        server = folder / SERVER
        shutil.rmtree(server, ignore_errors=True)
        for name, content in server_files().items():
            (server / name).parent.mkdir(parents=True, exist_ok=True)
            (server / name).write_bytes(content)
        (folder / LOCK_FILE).write_text(self.lock)
        (folder / "requirements.txt").write_text(hashed_requirements(Lock.parse(self.lock).packages))
        shutil.rmtree(folder / LAST, ignore_errors=True)
        for number, package in enumerate(self.last, 1):
            (folder / LAST).mkdir(exist_ok=True)
            (folder / LAST / f"{number}.txt").write_text(hashed_requirements([package]))
        (folder / "Dockerfile").write_text(self.text)


def export(
    recipe: Recipe,
    store: Layout,
    registry_address: str,
    report: Reporter,
    *,
    base: BaseImage | None = None,
    own: bool = True,
    resolved: Resolved = no_questions,
) -> DockerContext:
    """Make the environment image and the Dockerfile that builds the package on it.

    Args:
        recipe: What goes in.
        store: The workspace's layout; the environment image is named in it.
        registry_address: ``host:port`` of the workspace's registry.
        report: For stages, log and progress.
        base: The base image, when an engine has made one for this recipe.
        own: Whether that is the workspace's own registry, on this machine.
        resolved: Called before packages are fetched; may raise.
    """
    environment = build_environment(recipe, store, report, base=base, resolved=resolved)
    server, note = use_server(environment, store, report)
    report.stage("image", "Writing the environment image and the Dockerfile")
    bare = dataclasses.replace(recipe, name=REPOSITORY, models=(), labels={})
    notes = (*environment.notes, note)
    descriptor = write_image(bare, environment, (*environment.layers, server), notes, {}, store)
    name = f"{REPOSITORY}:{descriptor.digest.short}"
    store.tag(name, descriptor)
    reference = f"{registry_address}/{REPOSITORY}@{descriptor.digest}"
    variables = app_variables(recipe.source, recipe.models)
    cache, target = Layout.create(home.cache()), environment.target
    settled = settle(known_parts(environment.lock, target, cache), target, cache)
    winners = {collision.winner for collision in settled.collisions}
    last = tuple(one for one in environment.lock.packages if f"{one.name} {one.version}" in winners)
    return DockerContext(
        environment=store.image(descriptor),
        environment_name=name,
        reference=reference,
        notes=(*notes, *(model_note(model) for model in recipe.models)),
        lock=environment.lock.shipped,
        text=_text(reference, name, recipe, environment, variables, last, own=own),
        recipe=recipe,
        store=store,
        last=last,
    )


def _text(
    reference: str,
    name: str,
    recipe: Recipe,
    environment: ImageEnvironment,
    variables: Mapping[str, str],
    last: Sequence[Locked],
    *,
    own: bool,
) -> str:
    location = "in the workspace's own registry" if own else f"in {reference.rpartition(f'/{REPOSITORY}')[0]}"
    start = "\nIf that does not answer, start it with `modelpack registry`." if own else ""
    copy_app = command("COPY", [APP_FOLDER, APP_ROOT])
    lines = [
        *comment(
            f"Package {recipe.name}: models {_names(recipe.models) or 'none'}, "
            f"entry script {recipe.source.entry_script}.\n"
            f"The image below holds base and dependencies; it lies {location} as {name}.{start}"
        ),
        f"FROM {reference}",
        copy_app,
        command("COPY", [LOCK_FILE, LOCK_PATH]),
        *(env(key, value) for key, value in variables.items()),
        *(label(key, value) for key, value in recipe.labels.items()),
        f"EXPOSE {IMAGE_PORT}",
        f"USER {USER}",
        f"WORKDIR {APP_ROOT}",
        command("CMD", []),
    ]
    return "\n".join([*lines, "", *_from_scratch(recipe, environment, variables, copy_app, last)]) + "\n"


def _from_scratch(
    recipe: Recipe, environment: ImageEnvironment, variables: Mapping[str, str], copy_app: str, last: Sequence[Locked]
) -> list[str]:
    """Return the same build without our registry, as a comment, for those who want to change dependencies."""
    site = environment.target.site_packages
    pip = [f"{ENV_DIR}/bin/python", "-m", "pip", "install", "--no-cache-dir"]
    steps = [
        f"FROM {environment.base.reference or default_reference(environment.target.python)}",
        *([apt_step(recipe.needs.apt)] if recipe.needs.apt else []),
        command("RUN", ["python3", "-m", "venv", ENV_DIR]),
        command("COPY", ["requirements.txt", f"{OUR_ROOT}/requirements.txt"]),
        command("RUN", [*pip, "-r", f"{OUR_ROOT}/requirements.txt"]),
        *([command("COPY", [LAST, f"{OUR_ROOT}/{LAST}"])] if last else []),
        # Once more, since other packages ship some of their files, too.
        *(
            command("RUN", [*pip, "--no-deps", "--force-reinstall", "-r", f"{OUR_ROOT}/{LAST}/{number}.txt"])
            for number, _ in enumerate(last, 1)
        ),
        command("COPY", [SERVER, f"/{site}/{SERVER}"]),
        copy_app,
        *(env(key, value) for key, value in environment_of(recipe, variables).items()),
        f"EXPOSE {IMAGE_PORT}",
        f"USER {USER}",
        f"WORKDIR {APP_ROOT}",
        health_check(environment.target),
        command("ENTRYPOINT", [f"{ENV_DIR}/bin/python", "-m", SERVER]),
    ]
    head = (
        "To change dependencies, edit requirements.txt, take the part above away and this part's number signs too.\n"
        f"The image that FROM names here needs Python {environment.target.python} with venv and pip."
    )
    return [*comment(head), "#", *(line for step in steps for line in comment(step))]


def _names(models: tuple[ModelPart, ...]) -> str:
    return ", ".join(f"{model.name}:{model.version}" for model in models)
