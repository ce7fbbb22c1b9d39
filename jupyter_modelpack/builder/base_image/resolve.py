"""Find the base image and fetch it once, by digest.

Looked for in this order: what the user named; ``MODELPACK_BASE_IMAGE``; the image `modelpack base`
made on this machine; the official slim Python image of the kernel's minor version. A name is a
reference, the folder of an OCI layout, or the file of a saved image.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.base_image.archive import import_archive
from jupyter_modelpack.builder.base_image.base_name import MADE, default_reference, kept_name, made_name
from jupyter_modelpack.builder.base_image.find_python import ImagePython, find_python
from jupyter_modelpack.errors import Cancelled, Denied, ModelpackError, NotFound, Unavailable, Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.record_format import FIELD, is_known
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.store.files import temporary_folder, write_file
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors

VARIABLE = "MODELPACK_BASE_IMAGE"

_FORMAT = 1
"""Of the notes in ``pythons/``."""


@dataclass(frozen=True)
class BaseImage:
    """A base image, complete in the machine's cache.

    Attributes:
        title: Its name for people.
        python: The interpreter it holds.
        reference: A reference that others can pull; empty when it exists on this machine only.
    """

    title: str
    image: Image
    python: ImagePython
    reference: str = ""

    @property
    def made(self) -> bool:
        """Whether it was made from Debian packages on this machine."""
        return self.title.startswith(MADE)


def wanted_base(named: str | None, python: str, platform: Platform, cache: Layout) -> tuple[str, str]:
    """Return which base image a build would use, and the reason for people."""
    if named:
        return named, "named by the environment"
    from_variable = os.environ.get(VARIABLE)
    if from_variable:
        return from_variable, f"named by {VARIABLE}"
    made = made_name(python, platform)
    if made in cache.names(MADE):
        return made, "made by `modelpack base`"
    return default_reference(python), "the official image of this Python"


def resolve_base(
    named: str | None,
    python: str,
    platform: Platform,
    cache: Layout,
    report: Reporter,
    credentials: Mapping[str, RegistryCredentials] | None = None,
    *,
    need_python: bool = True,
    fresh: bool = False,
) -> BaseImage:
    """Return the base image, fetched into `cache` if it is not there.

    Args:
        named: Reference, layout folder or archive; None for the default.
        python: Minor version of the Python that made the models.
        platform: What the image will run on.
        cache: The machine's layout.
        report: For progress.
        credentials: User name and password by registry, beyond those Docker and Podman keep.
        need_python: Whether an image without Python is refused.
        fresh: Whether to resolve a tag again at the registry.

    Raises:
        UsageError: what is named is no image, or has no Python.
        Unavailable: it cannot be fetched; the hint says what to do instead.
    """
    wanted, why = wanted_base(named, python, platform, cache)
    report.stage("base", f"Base image {wanted} ({why})")
    image = _find(wanted, platform, cache, report, credentials or {}, fresh=fresh)
    reference = "" if _lies_here(wanted) else wanted
    if not need_python:
        return BaseImage(wanted, image, ImagePython(python, ""), reference)
    found = _python(image, python, cache, report)
    if found.version != python:
        report.log(
            f"Warning: the base image has Python {found.version}, the models were made with Python {python}: "
            f"pickles may not load there. Name a base image with Python {python} to be sure."
        )
    return BaseImage(wanted, image, found, reference)


def kept_base(named: str | None, python: str, platform: Platform, cache: Layout) -> BaseImage | None:
    """Return the base image a build would use if it is complete in the cache, else None."""
    wanted, _ = wanted_base(named, python, platform, cache)
    if not _lies_here(wanted) and kept_name(str(Reference.parse(wanted).on_hub()), platform) not in cache.names():
        return None
    return resolve_base(named, python, platform, cache, Reporter())


def _lies_here(wanted: str) -> bool:
    path = home.expand(wanted)
    with disk_errors(path, f"the base image {wanted}", "read"):
        return _is_here(wanted, path)


def _is_here(wanted: str, path: Path) -> bool:
    return wanted.startswith(MADE) or _split_layout(str(path))[0] is not None or path.is_file()


def _find(
    wanted: str,
    platform: Platform,
    cache: Layout,
    report: Reporter,
    credentials: Mapping[str, RegistryCredentials],
    *,
    fresh: bool,
) -> Image:
    made = cache.names(wanted).get(wanted) if wanted.startswith(MADE) else None
    if made:
        return cache.image(made)
    path = home.expand(wanted)
    with disk_errors(path, f"the base image {wanted}", "read"):
        folder, tag = _split_layout(str(path))
        if folder is not None:
            return _from_layout(folder, tag, platform, cache)
        if path.is_file():
            return import_archive(path, platform, cache)
    if wanted.startswith(("/", "./", "../", "~")):
        raise UsageError(f"The base image {wanted} is neither an OCI layout nor the file of a saved image.")
    reference = Reference.parse(wanted).on_hub()
    kept = kept_name(str(reference), platform)
    known = cache.names(kept).get(kept)
    fresh = fresh and reference.digest is None  # a digest never changes its meaning
    if known and not fresh:
        return cache.image(known)
    image = None if fresh else _from_engine(wanted, platform, cache, report)
    image = image or _pull(reference, platform, cache, report, credentials)
    if fresh:
        same = known is not None and known.digest == image.digest
        report.log(f"{reference} is {'still' if same else 'now'} {image.digest.short}")
    cache.tag(kept, image.descriptor)
    return image


def _split_layout(text: str) -> tuple[Path | None, str]:
    """Split ``FOLDER[:NAME]`` where the folder is an OCI layout; both may contain colons."""
    ends = [*(place for place, sign in enumerate(text) if sign == ":"), len(text)]
    for end in reversed(ends):
        if (Path(text[:end]) / "oci-layout").exists():
            return Path(text[:end]), text[end + 1 :]
    return None, ""


def _from_layout(folder: Path, tag: str, platform: Platform, cache: Layout) -> Image:
    layout = Layout(folder)
    entries = layout.index().manifests
    if tag:
        found = layout.names().get(tag)
        entries = (found,) if found else ()
    if len(entries) != 1:
        names = ", ".join(layout.names()) or "no names"
        raise UsageError(
            f"The layout {folder} does not say which image is meant: it holds {len(entries)} that match ({names}).",
            hint="Name one as FOLDER:NAME.",
        )
    image = layout.image(entries[0], platform)
    cache.adopt_image(image, layout)
    return replace(image, blobs=cache)


def _from_engine(wanted: str, platform: Platform, cache: Layout, report: Reporter) -> Image | None:
    """Import the image from a container engine on this machine, if one has it."""
    from jupyter_modelpack.engine.select import choose  # noqa: PLC0415 - asks an engine, so only when needed

    try:
        engine = choose(None)
        if engine.images is None:
            return None
        with temporary_archive(cache) as path:
            with path.open("wb") as out:
                engine.images.save(wanted, out, report)
            report.log(f"Taking {wanted} from {engine.name}")
            return import_archive(path, platform, cache)
    except (NotFound, Unavailable):
        return None


@contextlib.contextmanager
def temporary_archive(cache: Layout) -> Iterator[Path]:
    """Create a temporary file for an image to be imported into `cache`."""
    with temporary_folder(cache.path) as folder:
        yield folder / "image.tar"


def _pull(
    reference: Reference,
    platform: Platform,
    cache: Layout,
    report: Reporter,
    credentials: Mapping[str, RegistryCredentials],
) -> Image:
    from jupyter_modelpack.registry.client.client import Registry  # noqa: PLC0415 - only when something is fetched
    from jupyter_modelpack.registry.client.transfer import pull_image  # noqa: PLC0415

    try:
        registry = Registry(reference.registry, credentials=credentials.get(reference.registry))
        return pull_image(reference, cache, platform, report, registry)
    except (Cancelled, Denied, Untrusted):
        raise
    except ModelpackError as error:
        raise Unavailable(
            f"The base image {reference} cannot be fetched: {error.message}",
            hint=(
                "Do one of these: run `modelpack base`, which makes one from Debian packages (needs mmdebstrap, no "
                f"registry); or set {VARIABLE} to a reference you can reach, to the folder of an OCI layout, or to the "
                "file of a saved image (`docker save`)."
            ),
            code="no-base",
            retry=isinstance(error, Unavailable),
        ) from error


def _python(image: Image, wanted: str, cache: Layout, report: Reporter) -> ImagePython:
    """Ask for the image's Python; the answer is kept, since finding it means reading every layer."""
    path = cache.path / "pythons" / f"{image.digest.hex}-{wanted}"
    try:
        return _noted(path)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):  # a damaged cache entry is ignored
        found = find_python(image, wanted, report.check)
    write_file(path, json.dumps({FIELD: _FORMAT, "version": found.version, "interpreter": found.interpreter}).encode())
    return found


@lru_cache(maxsize=64)
def _noted(path: Path) -> ImagePython:
    note = json.loads(path.read_bytes())
    if not is_known(note, _FORMAT):
        raise ValueError(path)
    return ImagePython(version=note["version"], interpreter=note["interpreter"])
