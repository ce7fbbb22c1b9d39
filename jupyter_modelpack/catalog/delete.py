"""Taking names out of a workspace: packages, models, environments.

All that is asked for goes in one step of the index, so whatever happens it is all there or none of it is. Blobs
stay until they are collected (`store/gc.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.versioned_artifacts import VersionedArtifacts
from jupyter_modelpack.catalog.workspace_folder import LOGS, WorkspaceFolder
from jupyter_modelpack.errors import Conflict, ModelpackError, Untrusted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import REF_NAME, Descriptor, Index
from jupyter_modelpack.store import references
from jupyter_modelpack.store.files import remove_file

if TYPE_CHECKING:
    from jupyter_modelpack.builder.recipe import ModelPart
    from jupyter_modelpack.catalog.package_record import PackageRecord
    from jupyter_modelpack.store.layout import Layout

_NAMED = 5
"""Packages that a message names."""


@dataclass(frozen=True, slots=True)
class Space:
    """What blobs take that only some names reach.

    Attributes:
        own: Bytes that a collection frees.
        shared: Bytes that stay, for the cache holds the same files.
    """

    own: int
    shared: int


def forget_packages(workspace: WorkspaceFolder, records: Sequence[PackageRecord]) -> None:
    """Forget packages, with their logs, and with the last Dockerfile that builds on it an environment's image."""
    store = workspace.store
    store.update(lambda index: (without_packages(store, index, records), None))
    logs = {record.facts.log for record in package_record.read(workspace.store)}
    for record in records:
        if record.facts.log and record.facts.log not in logs:
            with suppress(ModelpackError):  # the package is gone; a log that stays harms nobody
                remove_file(workspace.path / LOGS / record.facts.log)


def without_packages(store: Layout, index: Index, records: Sequence[PackageRecord]) -> Index:
    """Return the index without these packages and what nothing else needs."""
    wanted = {record.name: record.descriptor.digest for record in records}
    # Another package may have got the name meanwhile.
    meant = [name for entry in index.manifests if wanted.get(name := _name(entry)) == entry.digest]
    index = store.without(index, meant)
    left = []
    for entry in index.manifests:
        try:
            left.append(package_record.record_of(entry))
        except (Conflict, Untrusted):  # it may build on any
            return index
    return store.without(index, environments_of(records, left))


def environments_of(gone: Sequence[PackageRecord], left: Sequence[PackageRecord]) -> set[str]:
    """Return the names of the images that the Dockerfile packages in `gone` build on, and none in `left`."""
    still = {record.facts.environment for record in left if record.facts.dockerfile}
    if "" in still:  # one that was kept before this was written down: it may build on any
        return set()
    return {record.facts.environment for record in gone if record.facts.environment} - still


def forget_models(workspace: WorkspaceFolder, models: Sequence[ModelPart]) -> None:
    """Forget versions of models; their numbers are not given again.

    Raises:
        Conflict: a package holds one of them; then all stay.

    """
    store, artifacts = workspace.store, VersionedArtifacts(workspace.store, "model")
    wanted = _by_name(models)
    with _locked(artifacts, {model.name for model in models}):
        seen = _refuse_used(store, store.names(), wanted)

        def change(index: Index) -> tuple[Index, None]:
            named = {_name(entry): entry for entry in index.manifests}
            _refuse_used(store, {name: entry for name, entry in named.items() if entry.digest not in seen}, wanted)
            return store.without(index, wanted), None

        store.update(change)


def refuse_used_models(workspace: WorkspaceFolder, models: Sequence[ModelPart]) -> None:
    """Raise `Conflict`, as deleting them would, when a package holds one of the models."""
    store = workspace.store
    _refuse_used(store, store.names(), _by_name(models))


def forget_environments(workspace: WorkspaceFolder, ids: Collection[str]) -> None:
    """Forget versions of environments (``name:version``); images that were made with them stay as they are."""
    wanted = {f"environments/{one}" for one in ids}
    with _locked(VersionedArtifacts(workspace.store, "environment"), {one.rpartition(":")[0] for one in ids}):
        workspace.store.update(lambda index: (workspace.store.without(index, wanted), None))


def space(store: Layout, after: Index) -> Space | None:
    """Return what nothing reaches any more once `after` is the index; None where a manifest cannot be read."""
    seen: set[Digest] = set()
    own = shared = 0
    try:
        for entry in after.manifests:
            for _ in references.below(store, entry, seen):
                pass
        for entry in store.index().manifests:
            for part in references.below(store, entry, seen):
                with suppress(FileNotFoundError):
                    state = store.blob_path(part.digest).stat()
                    own += state.st_size if state.st_nlink == 1 else 0
                    shared += state.st_size if state.st_nlink > 1 else 0
    except ModelpackError:
        return None
    return Space(own, shared)


def _by_name(models: Sequence[ModelPart]) -> dict[str, Descriptor]:
    return {f"models/{model.name}:{model.version}": model.layer for model in models}


def _locked(artifacts: VersionedArtifacts, names: Collection[str]) -> ExitStack:
    stack = ExitStack()
    try:
        for name in sorted(names):  # all in one order, so that nobody waits in a circle
            stack.enter_context(artifacts.lock(name))
    except BaseException:
        stack.close()
        raise
    return stack


def _refuse_used(store: Layout, named: Mapping[str, Descriptor], wanted: Mapping[str, Descriptor]) -> set[Digest]:
    """Raise `Conflict` when a package holds one of the models `wanted`; return the digests that were looked at."""
    layers = {layer.digest: name.partition("/")[2] for name, layer in wanted.items()}
    images, models = [], []
    for name, held in package_record.layers_of(store, named):
        if used := [layers[digest] for digest in held if digest in layers]:
            images.append(name)
            models += used
    if images:
        more = f" and {len(images) - _NAMED} more" if len(images) > _NAMED else ""
        several = len(wanted) > 1
        which = f" ({', '.join(dict.fromkeys(models))})" if several else ""
        raise Conflict(
            f"The model{which} cannot be deleted because it is currently being used in one or more images: "
            f"{', '.join(images[:_NAMED])}{more}.",
            hint=f"Delete them first: delete package {' '.join(images)}",
            code="model-in-use",
        )
    return {entry.digest for entry in named.values()}


def _name(entry: Descriptor) -> str:
    return entry.annotations.get(REF_NAME, "")
