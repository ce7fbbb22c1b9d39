"""What a workspace remembers of a package, beside its bytes.

It lies in the annotations of the package's entry in the index, so that a new kernel finds everything
that the last one made.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from jupyter_modelpack.builder.recipe import LayerNote
from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
from jupyter_modelpack.errors import Conflict, ModelpackError, NotFound, Untrusted
from jupyter_modelpack.image_contract import LABEL, MODELS_LABEL
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import CREATED, INDEX_TYPES, REF_NAME, Descriptor, Index, parse_object
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.untagged import SUBJECT

_log = logging.getLogger(__name__)

FACTS = f"{LABEL}.package"

_FORMAT = 1
"""Of the JSON in that annotation."""

OURS = ("models/", "environments/", "azureml/")
"""Repositories that hold no packaged images; `image_name` may not begin so (ARCHITECTURE.md)."""

SHORTEST = 6
"""Digits of a digest that name it; fewer could be a word."""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What is known of a package beyond its image.

    Attributes:
        models: ``name:version`` of each model inside.
        dockerfile: Whether it is a Dockerfile with its files.
        log: Name of its file under ``logs/``.
        layers: What the image is made of.
        environment: Of a Dockerfile, the name of the image in this workspace that it builds on.
        image: The image's id; empty for a Dockerfile, and where an earlier version has written the record.
    """

    models: tuple[str, ...] = ()
    dockerfile: bool = False
    log: str = ""
    layers: tuple[LayerNote, ...] = ()
    environment: str = ""
    image: str = ""

    def to_json(self) -> str:
        """Write the facts as one annotation."""
        layers = [[note.title, note.digest, note.size, note.reused] for note in self.layers]
        known = {
            FIELD: _FORMAT,
            "models": self.models,
            "dockerfile": self.dockerfile,
            "log": self.log,
            "layers": layers,
        }
        if self.environment:
            known["environment"] = self.environment
        if self.image:
            known["image"] = self.image
        return json.dumps(known, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, what: str) -> PackageFacts:
        """Read what `to_json` wrote.

        Args:
            text: The annotation; may be empty.
            what: Whose record it is, for messages.

        Raises:
            Conflict: a newer modelpack has written it.
            Untrusted: it is something else.
        """
        fields = parse_object((text or "{}").encode(), what.removeprefix("The "))
        check_format(fields, _FORMAT, what)
        try:
            return cls(
                tuple(fields.get("models", ())),
                bool(fields.get("dockerfile")),
                str(fields.get("log", "")),
                tuple(LayerNote(title, Digest(d), size, reused) for title, d, size, reused in fields.get("layers", ())),
                str(fields.get("environment", "")),
                str(fields.get("image", "")),
            )
        except (ValueError, TypeError) as error:
            raise Untrusted(f"{what} is damaged: {error}.", code="bad-record") from error


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """A package in the index.

    Attributes:
        name: ``repository:tag``.
    """

    name: str
    descriptor: Descriptor
    created: datetime | None
    facts: PackageFacts


def write(
    store: Layout,
    repository: str,
    label: str | None,
    descriptor: Descriptor,
    facts: PackageFacts,
    *,
    again: bool = True,
) -> PackageRecord:
    """Name a package, in one step in the index; without a label by the time, as Azure does.

    Two packages of the same second get two names. Without `again`, an image that is a package already gets
    no second name: that package becomes the newest, and keeps its name and its time.
    """
    now = datetime.now(UTC)

    def change(index: Index) -> tuple[Index, PackageRecord]:
        before = None if again else _find(index, repository, label, descriptor, facts)
        if before is not None:
            rest = (other for other in index.manifests if other is not before)
            return replace(index, manifests=(*rest, before)), _record(before.annotations[REF_NAME], before)
        taken = {entry.annotations.get(REF_NAME) for entry in index.manifests}
        name, later = f"{repository}:{label}", now
        while not label and (name := f"{repository}:{later:%Y%m%d%H%M%S}") in taken:
            later += timedelta(seconds=1)
        annotations = {REF_NAME: name, CREATED: now.isoformat(), FACTS: facts.to_json()}
        entry = replace(descriptor, annotations=annotations, platform=None)
        kept = [other for other in index.manifests if other.annotations.get(REF_NAME) != name]
        return replace(index, manifests=(*kept, entry)), PackageRecord(name, entry, now, facts)

    return store.update(change)


def restore(store: Layout, name: str, descriptor: Descriptor, created: datetime, facts: PackageFacts) -> PackageRecord:
    """Name a package that was made elsewhere, as it was named there.

    Raises:
        Conflict: another package has that name.
    """

    def change(index: Index) -> tuple[Index, PackageRecord]:
        annotations = {REF_NAME: name, CREATED: created.isoformat(), FACTS: facts.to_json()}
        entry = replace(descriptor, annotations=annotations, platform=None)
        known = next((other for other in index.manifests if other.annotations.get(REF_NAME) == name), None)
        if known is None:
            return replace(index, manifests=(*index.manifests, entry)), PackageRecord(name, entry, created, facts)
        if known.digest == entry.digest:
            return index, _record(name, known)
        raise Conflict(
            f"The workspace holds another package {name}: its digest is {known.digest.short}, not "
            f"{entry.digest.short}.",
            hint="Give this one another tag with --tag.",
            code="name-taken",
        )

    return store.update(change)


def read(store: Layout) -> list[PackageRecord]:
    """Return the packages of a store that can be read, newest first; the log names the rest."""
    found = []
    for name, entry in _entries(store):
        try:
            found.append(_read(store, name, entry))
        except (Conflict, Untrusted) as error:
            _log.warning("%s", error.message)
    return found


def find(workspace: WorkspaceFolder, reference: str) -> PackageRecord:
    """Return the newest package that a name, a tag, a location, a digest, an image id or the start of one means.

    Raises:
        NotFound: there is none.
        Conflict: a newer modelpack has written its record.
        Untrusted: its record is damaged.
    """
    wanted = reference.removeprefix(f"{workspace.endpoint().address}/")
    wanted = wanted.removeprefix(f"{workspace.registry_address}/")
    for name, entry in _entries(workspace.store):
        if _is_meant(name, entry, wanted):
            return _read(workspace.store, name, entry)
    records = read(workspace.store)
    start = wanted.removeprefix("sha256:")
    for record in records if len(start) >= SHORTEST else ():
        if not record.facts.dockerfile and workspace.store.image(record.descriptor).id.hex.startswith(start):
            return record
    raise NotFound(
        f"Workspace {workspace.name!r} holds no package {reference!r}.",
        hint=f"There are: {', '.join(record.name for record in records[:10]) or 'none yet'}.",
        code="package-not-found",
    )


def layers_of(store: Layout, named: Mapping[str, Descriptor]) -> Iterator[tuple[str, set[Digest]]]:
    """Yield the name and the layers of each packaged image among `named`, in their order.

    An image holds a model when one of its layers is the model's, whatever either is called.
    """
    for name, entry in named.items():
        if name and not name.startswith(OURS) and entry.media_type not in INDEX_TYPES:
            yield name, {part.digest for part in store.image(entry).manifest.layers}


def packaged_times(store: Layout) -> dict[tuple[str, str], datetime]:
    """Return when each image was packaged, by its id and tag, and by its id and an empty tag for the last time.

    The images themselves say when their base image was made: the same input gives the same image at any time.
    """
    times: dict[tuple[str, str], datetime] = {}
    for record in reversed(read(store)):
        if record.created is None or record.facts.dockerfile:
            continue
        image = record.facts.image
        if not image:
            with contextlib.suppress(NotFound, Untrusted):  # `check` says what is damaged
                image = store.image(record.descriptor).id
        times[image, record.name.rpartition(":")[2]] = times[image, ""] = record.created
    return times


def _entries(store: Layout) -> list[tuple[str, Descriptor]]:
    """Return the entries of packages, newest first; a signature, or what else is about an image, is none."""
    found = [
        (name, entry)
        for name, entry in store.names().items()
        if not name.startswith(OURS) and entry.media_type not in INDEX_TYPES and SUBJECT not in entry.annotations
    ]
    return found[::-1]


def _read(store: Layout, name: str, entry: Descriptor) -> PackageRecord:
    return _record(name, entry) if FACTS in entry.annotations else _pushed(store, name, entry)


def _pushed(store: Layout, name: str, entry: Descriptor) -> PackageRecord:
    """Return what a pushed image says of itself; nothing else is known of it."""
    models = ""
    with contextlib.suppress(ModelpackError):  # a damaged one: `check` says so
        models = store.image(entry).labels().get(MODELS_LABEL, "")
    facts = PackageFacts(tuple(one for one in models.split(",") if one))
    return replace(_record(name, entry), facts=facts)


def _is_meant(name: str, entry: Descriptor, wanted: str) -> bool:
    """Whether `wanted` means this package: its name or repository, a tag, a digest, or the start of one."""
    repository, _, tag = name.rpartition(":")
    bare = wanted.removeprefix("sha256:")
    is_start = len(bare) >= SHORTEST and entry.digest.hex.startswith(bare)
    return is_start or wanted in {name, repository, tag, f"{repository}@{entry.digest}"}


def _find(
    index: Index, repository: str, label: str | None, descriptor: Descriptor, facts: PackageFacts
) -> Descriptor | None:
    """Return the newest entry that is this very package, or None."""
    for entry in reversed(index.manifests):
        found, _, tag = entry.annotations.get(REF_NAME, "").rpartition(":")
        if (found, entry.digest) != (repository, descriptor.digest) or label not in {None, tag}:
            continue
        known = _record(entry.annotations[REF_NAME], entry).facts
        if (known.models, known.dockerfile) == (facts.models, facts.dockerfile):
            return entry
    return None


def record_of(entry: Descriptor) -> PackageRecord:
    """Return what an entry of the index says of a package."""
    return _record(entry.annotations.get(REF_NAME, ""), entry)


def _record(name: str, entry: Descriptor) -> PackageRecord:
    created = entry.annotations.get(CREATED)
    when = datetime.fromisoformat(created) if created else None
    return PackageRecord(
        name, entry, when, PackageFacts.from_json(entry.annotations.get(FACTS, ""), f"The record of package {name}")
    )
