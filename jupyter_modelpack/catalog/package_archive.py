"""A whole package in one file, for a place that no network reaches.

The file is an image archive that ``docker load``, podman and skopeo take (`oci.archive`). Beside the image
it holds the lock and a bill of materials as plain files, and what a workspace remembers of a package
as annotations, so that loading it into another workspace restores all of it.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.builder.recipe import LayerNote
from jupyter_modelpack.catalog import attachments, package_record
from jupyter_modelpack.catalog.package_record import FACTS, OURS, PackageFacts, PackageRecord
from jupyter_modelpack.errors import PathNotFound, Untrusted, UsageError
from jupyter_modelpack.image_contract import LOCK_FILE, MODELS_LABEL, NAME_LABEL
from jupyter_modelpack.oci.archive import ABOUT, write_archive
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import CREATED, REF_NAME, Platform
from jupyter_modelpack.oci.names import Reference, check_tag
from jupyter_modelpack.store.files import AtomicFile
from jupyter_modelpack.store.os_errors import disk_errors

if TYPE_CHECKING:
    from jupyter_modelpack.events import Reporter
    from jupyter_modelpack.store.layout import Layout

BILL = "sbom.cdx.json"
"""By the name that CycloneDX recommends."""


def save(store: Layout, record: PackageRecord, path: Path, report: Reporter) -> tuple[str, ...]:
    """Write a package of `store` into the file at `path`, wholly or not at all; return what lies beside the image.

    Raises:
        UsageError: there is a folder at `path`.
        PathNotFound: there is no folder for it.
        Unavailable: the disk is full.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint=f"Name a file: {path / 'package.tar'}, for example.")
    if not path.parent.is_dir():
        raise PathNotFound(f"There is no folder {path.parent}.", hint="Make it first, or name a file elsewhere.")
    image = store.image(record.descriptor)
    annotations = {FACTS: replace(record.facts, log="").to_json()}
    if record.created:
        annotations[CREATED] = record.created.isoformat()
    beside = _beside(image)
    report.stage("save", f"Writing {record.name} to {path}")
    with disk_errors(path, path.name), AtomicFile(path.parent, path.name) as file:
        write_archive(
            image,
            [record.name],
            file,
            lambda done, total: report.progress(path.name, done, total),
            annotations=annotations,
            beside=beside,
            about=attachments.about(store, record.name.rpartition(":")[0], image.digest),
        )
        file.commit(path)
    return tuple(beside)


def _beside(image: Image) -> dict[str, bytes]:
    from jupyter_modelpack.builder.lock.from_image import lock_in  # noqa: PLC0415
    from jupyter_modelpack.builder.lock.pylock import Lock  # noqa: PLC0415 - only who saves pays for it
    from jupyter_modelpack.builder.sbom import bill_of_materials  # noqa: PLC0415

    text = lock_in(image)
    return {LOCK_FILE: text.encode(), BILL: bill_of_materials(image, Lock.parse(text))}


def load(store: Layout, path: Path, report: Reporter, tag: str | None = None) -> PackageRecord:
    """Take the package in the file at `path` into `store`, named as it was, or by `tag`.

    Raises:
        PathNotFound: there is no such file.
        UsageError: it holds no image, several, or one that was not packaged by us.
        Untrusted: a blob does not match its digest.
        Conflict: the store holds another package of that name; or a newer modelpack has written the file.
    """
    from jupyter_modelpack.builder.base_image import archive  # noqa: PLC0415 - as above

    if not path.is_file():
        raise PathNotFound(f"There is no file {path}.", hint="Name what `modelpack save PACKAGE FILE` has written.")
    size, done = path.stat().st_size, 0

    def count_read(count: int) -> None:
        nonlocal done
        done = min(done + count, size)
        report.progress(path.name, done, size)

    tag = check_tag(tag) if tag else None
    report.stage("load", f"Reading {path}")
    with store.work(), disk_errors(path, path.name, "read"), archive.open_archive(path, count_read) as reader:
        image = archive.import_image(reader, Platform(), store, path)
        entry = archive.entry_of(reader)
        said: Mapping[str, str] = entry.annotations if entry else {}
        facts = _facts(image, said.get(FACTS, ""), path)
        name = _name([said.get(REF_NAME, ""), archive.name_in_docker_form(reader)], image, tag)
        artifacts = attachments.take(reader, said.get(ABOUT, ""), image, store, path)
        record = package_record.restore(store, name, image.descriptor, _created(said.get(CREATED, "")), facts)
        for descriptor, subject in artifacts:
            store.keep(record.name.rpartition(":")[0], descriptor, subject)
        return record


def _facts(image: Image, said: str, path: Path) -> PackageFacts:
    """Return what the file says of the package as far as the image itself bears it out."""
    labels = image.labels()
    if MODELS_LABEL not in labels:
        raise UsageError(
            f"The image in {path} was not packaged by modelpack.",
            hint=f"To build on it, name it as the base: --base {shlex.quote(str(path))}.",
            code="not-ours",
        )
    layers = {layer.digest for layer in image.manifest.layers}
    notes: tuple[LayerNote, ...] = ()
    # Another's words; the image is sound.
    with contextlib.suppress(Untrusted):
        layers_noted = PackageFacts.from_json(said, str(path)).layers
        notes = tuple(note for note in layers_noted if note.digest in layers and _is_sound(note))
    return PackageFacts(tuple(name for name in labels[MODELS_LABEL].split(",") if name), layers=notes, image=image.id)


def _is_sound(note: LayerNote) -> bool:
    return isinstance(note.title, str) and isinstance(note.size, int) and isinstance(note.reused, bool)


def _name(said: Sequence[str], image: Image, tag: str | None) -> str:
    for text in (*said, image.labels().get(NAME_LABEL, "")):
        with contextlib.suppress(UsageError):  # a name that is none
            found = Reference.parse(text)
            if not f"{found.repository}/".startswith(OURS):
                return f"{found.repository}:{tag or found.tag or 'latest'}"
    return f"package:{tag or 'latest'}"


def _created(said: str) -> datetime:
    """Return the time that the archive says, in UTC; one without a zone could not be compared with any other."""
    now = datetime.now(UTC)
    try:
        found = datetime.fromisoformat(said)
        return found.astimezone(UTC) if found.tzinfo else now
    except (ValueError, OverflowError):
        return now
