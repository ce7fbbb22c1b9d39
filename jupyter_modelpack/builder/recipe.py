"""The recipe of an image as data.

It has the inputs of a build. The same recipe on the same base image gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from jupyter_modelpack.builder.lock.kernel_versions import KernelVersions
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor, Platform


@dataclass(frozen=True, slots=True)
class ModelPart:
    """A registered model: its layer, with the files at their paths in the image.

    The layer's paths are ``var/azureml-app/azureml-models/<name>/<version>/<file or folder>``.
    """

    name: str
    version: int
    layer: Descriptor


@dataclass(frozen=True, slots=True)
class AppSource:
    """The entry script and what ships with it.

    Attributes:
        entry_script: Path relative to `folder`, or the script's own path when `folder` is None.
        folder: source_directory, shipped whole under its own name (azure-differences.md 4), or None.
        content: The script itself, when it comes from a notebook cell or was read at an earlier moment;
            `entry_script` then is its name.
        beside: The script's folder, as the user named it; it does not ship.
        extra: More files, by path relative to the app root (modules carried along from a notebook).
        allowed: Paths, or names, of files that ship though they look like secrets.
    """

    entry_script: str
    folder: Path | None = None
    content: bytes | None = None
    extra: Mapping[str, bytes] = field(default_factory=dict)
    beside: str = "."
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What the image's environment must contain.

    Attributes:
        python: Minor version the models were made with, ``3.11``.
        requirements: Lines of a requirements file, options included.
        base: Reference, layout folder or archive of the base image; None for the default.
        variables: Environment variables for the image.
        conda: Conda packages beyond ``python`` and ``pip``; they need an engine's Dockerfile build.
        channels: Conda channels.
        dockerfile: A whole base Dockerfile of the user's, or None; needs an engine.
        docker_steps: Extra Dockerfile instructions (`extra_docker_file_steps`); they need an engine.
        requirements_dir: Folder that relative paths in `requirements` refer to.
        uses_base: Whether packages that the base image itself holds are part of the environment.
        apt: Debian packages that the base image is to hold; an engine installs them, but for a base image that is made
            on this machine.
        kernel: The versions of the Python that made the models.
        captured: The requirements that were read from that Python, each with its reason.
    """

    python: str
    requirements: tuple[str, ...] = ()
    base: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    conda: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    dockerfile: str | None = None
    docker_steps: str | None = None
    requirements_dir: Path | None = None
    uses_base: bool = False
    apt: tuple[str, ...] = ()
    kernel: KernelVersions = field(default_factory=KernelVersions)
    captured: tuple[tuple[str, str], ...] = ()

    @property
    def needs_engine(self) -> str:
        """Which of these needs only a Dockerfile build can meet, for messages; empty for none."""
        if self.dockerfile:
            return "a base Dockerfile"
        if self.conda:
            return f"conda packages ({', '.join(self.conda[:3])})"
        return "extra Dockerfile steps" if self.docker_steps else ""

    @property
    def base_work(self) -> str:
        """What must be done to the base image first, for messages; empty for nothing."""
        return self.needs_engine or (f"Debian packages ({', '.join(self.apt)})" if self.apt else "")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything an image is made of.

    Attributes:
        name: Repository name of the image, for its labels.
        labels: More labels.
        lock: Text of a pylock.toml to use in place of resolving the requirements; empty for none.
        upgrade: Whether the requirements are resolved again, though there is a lock from before.
        pull: Whether a base image named by a tag is asked for again, though there is one from before.
        created: The image's time; None for that of its base image.
        build_sources: Whether source archives that `lock` names may be built here, which runs their code.
        allow_version_drift: Whether models may be packaged with other versions of the libraries that made them.
    """

    name: str
    needs: Needs
    models: tuple[ModelPart, ...]
    source: AppSource
    platform: Platform = field(default_factory=Platform)
    labels: Mapping[str, str] = field(default_factory=dict)
    lock: str = ""
    upgrade: bool = False
    pull: bool = False
    created: datetime | None = None
    build_sources: bool = False
    allow_version_drift: bool = False


@dataclass(frozen=True, slots=True)
class LayerNote:
    """A layer in a build's result: its content, and whether it was cached."""

    title: str
    digest: Digest
    size: int
    reused: bool


@dataclass(frozen=True)
class Built:
    """A finished build.

    Attributes:
        image: The image; all its blobs are in the workspace's store.
        layers: One note a layer, lowest first.
        lock: The pylock.toml that the environment was made from.
        base: Reference and digest of the base image, for people.
        seconds: How long it took.
    """

    image: Image
    layers: tuple[LayerNote, ...]
    lock: str
    base: str
    seconds: float
