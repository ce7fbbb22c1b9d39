"""Build base images that need an engine: Dockerfile steps, conda packages, a whole Dockerfile.

The engine builds only the base image; the layers above it are assembled here as always. So an edit of
the script never runs those steps again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.base_image.archive import import_archive
from jupyter_modelpack.builder.base_image.find_python import find_python
from jupyter_modelpack.builder.base_image.resolve import BaseImage, resolve_base, temporary_archive
from jupyter_modelpack.builder.dockerfile.text import command
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.engine.image_store import EngineCredentials
from jupyter_modelpack.errors import Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.store.layout import Layout

CONDA_BASE = "docker.io/mambaorg/micromamba:latest"
"""Base image of conda environments when the user names none; has the smallest conda there is."""

_CONDA_PREFIX = "/opt/conda"
_REPOSITORY = "modelpack/engine-base"


def engine_base(
    needs: Needs,
    platform: Platform,
    engine: Engine,
    report: Reporter,
    credentials: Mapping[str, RegistryCredentials] | None = None,
    *,
    fresh: bool = False,
) -> BaseImage:
    """Build the base image of `needs` with `engine`, once per Dockerfile text, and import it.

    Args:
        needs: What it must hold.
        platform: What it will run on.
        engine: The engine that builds it.
        report: For the log.
        credentials: User name and password by registry, for the image it is built upon.
        fresh: Whether to resolve that image's tag again at the registry.

    Raises:
        UsageError: there is no container engine to build with.
        BuildFailed: a step failed; carries its last lines.
    """
    images = engine.images
    if images is None:
        raise UsageError(
            f"This environment has {needs.base_work}, which only a container engine can build; none answers here.",
            hint="Start Docker or Podman; or name the Python packages with pip and a base image that holds the rest.",
            code="needs-engine",
        )
    cache = Layout.create(home.cache())
    base = None if needs.dockerfile else _below(needs, platform, cache, report, credentials, fresh)
    text = _text(needs, f"modelpack/base:{base.image.id.short}" if base else None)
    key = hashlib.sha256(json.dumps([text, str(platform)]).encode()).hexdigest()[:16]
    name = f"engine/{key}:latest"
    found = cache.names(name).get(name)
    if found is None:
        report.stage("base", f"Building the base image with {engine.name} ({needs.base_work})")
        if base is not None:
            images.load(base.image, [f"modelpack/base:{base.image.id.short}"], report)
        tag = f"{_REPOSITORY}:{key}"
        with tempfile.TemporaryDirectory(prefix="modelpack-") as folder:
            (Path(folder) / "Dockerfile").write_text(text)
            images.build(Path(folder), tag, report, credentials=_for_engine(credentials))
        with temporary_archive(cache) as path:
            with path.open("wb") as out:
                images.save(tag, out, report)
            found = import_archive(path, platform, cache).descriptor
        cache.tag(name, found)
    image = cache.image(found)
    return BaseImage(f"{needs.base_work} built by {engine.name}", image, find_python(image, needs.python))


def _below(
    needs: Needs,
    platform: Platform,
    cache: Layout,
    report: Reporter,
    credentials: Mapping[str, RegistryCredentials] | None,
    fresh: bool,
) -> BaseImage:
    named = needs.base or (None if not needs.conda else os.environ.get("MODELPACK_CONDA_IMAGE", CONDA_BASE))
    python = not needs.conda
    try:
        return resolve_base(named, needs.python, platform, cache, report, credentials, need_python=python, fresh=fresh)
    except Unavailable as error:
        if error.code != "no-base" or not needs.conda or needs.base:
            raise
        raise Unavailable(  # the image of `modelpack base` has no conda
            error.message,
            hint="Conda packages are installed by an image that has micromamba: set MODELPACK_CONDA_IMAGE to a "
            "reference that you can reach, or to the file of a saved image (`docker save`). Those below `pip:` "
            "need none.",
            code="no-base",
            retry=error.retry,
        ) from error


def _for_engine(known: Mapping[str, RegistryCredentials] | None) -> dict[str, EngineCredentials]:
    return {address: EngineCredentials(one.username, one.password) for address, one in (known or {}).items()}


def apt_step(packages: Sequence[str]) -> str:
    """Return the instruction that installs Debian packages; their names are words of the command, no part of it."""
    script = 'apt-get update && apt-get install -y --no-install-recommends "$@" && rm -rf /var/lib/apt/lists/*'
    return command("RUN", ["sh", "-c", script, "apt", *sorted(packages)])


def _text(needs: Needs, below: str | None) -> str:
    """Return the Dockerfile of the base image: the user's, or ours with the user's steps."""
    if needs.dockerfile:
        return needs.dockerfile
    lines = [f"FROM {below}", "USER 0"]
    if needs.conda:
        channels = [word for channel in needs.channels or ("conda-forge",) for word in ("-c", channel)]
        argv = [
            "micromamba",
            "install",
            "-y",
            "-q",
            "-p",
            _CONDA_PREFIX,
            *channels,
            f"python={needs.python}",
            *needs.conda,
        ]
        lines += [command("RUN", argv), f"ENV PATH={_CONDA_PREFIX}/bin:/usr/local/bin:/usr/bin:/bin"]
    if needs.apt:
        lines.append(apt_step(needs.apt))
    if needs.docker_steps:
        lines.append(needs.docker_steps.strip())
    return "\n".join(lines) + "\n"
