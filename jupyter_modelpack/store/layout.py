"""The store: one OCI image layout on disk.

Source: OCI image specification 1.1, image-layout.md. Blobs are written before what points to them,
the index last and under a lock; reads never lock. Any tool that reads OCI layouts reads this folder.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

from jupyter_modelpack.errors import ModelpackError, NotFound, Untrusted
from jupyter_modelpack.limits import INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.archive import LAYOUT_FILE
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import (
    CREATED,
    INDEX_TYPES,
    REF_NAME,
    Descriptor,
    Index,
    Platform,
    parse_object,
    tag_of,
)
from jupyter_modelpack.store import contents, gc, references, untagged
from jupyter_modelpack.store.blobs import Blobs
from jupyter_modelpack.store.files import make_folder, write_file
from jupyter_modelpack.store.lease import collecting, lease, sweep_layout
from jupyter_modelpack.store.lock import locked
from jupyter_modelpack.store.os_errors import disk_errors

T = TypeVar("T")


class Layout(Blobs):
    """An OCI image layout: blobs by digest, and an index of names.

    A name is the ``org.opencontainers.image.ref.name`` annotation of an index entry, written
    ``repository:tag``.

    Attributes:
        path: The folder.

    """

    def __init__(self, path: Path) -> None:
        """Open an existing layout; raise `NotFound` when `path` is none."""
        super().__init__(path)
        self._key = path.absolute()
        try:
            with disk_errors(path, "the store", "read"):
                version = parse_object((path / "oci-layout").read_bytes(), "oci-layout file").get("imageLayoutVersion")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{path} is not an OCI image layout: it has no oci-layout file.") from error
        if version != "1.0.0":
            raise Untrusted(f"{path} is an OCI image layout of unknown version {version!r}.")

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open the layout at `path`, making an empty one where there is none; sweep what a crash left."""
        make_folder(path / "blobs" / "sha256")
        if not (path / "index.json").exists():
            with locked(path / "index.lock", "The store"):
                if not (path / "index.json").exists():
                    write_file(path / "index.json", Index(()).to_bytes())
        if not (path / "oci-layout").exists():
            write_file(path / "oci-layout", LAYOUT_FILE)
        sweep_layout(path)
        return cls(path)

    def users(self, digest: Digest) -> list[str]:
        """Return the names that reach a blob."""
        return references.users(self, [digest])[digest]

    # --- names ---

    def index(self) -> Index:
        """Return the current index; needs no lock, since the file is replaced atomically."""
        return self._contents().index

    def _contents(self) -> contents.IndexContents:
        for pause in (0.01, 0.1, 0.5, 0.0):
            try:
                with disk_errors(self.path, "the index", "read"):
                    return contents.parsed(self._key, _read(self.path / "index.json"))
            except FileNotFoundError as error:
                # On network and layered file systems the file may be missing while it is replaced (promises.md F13).
                if not (pause and (self.path / "index.lock").exists()):
                    raise NotFound(f"{self.path} is not an OCI image layout: it has no index.json.") from error
                time.sleep(pause)
        raise AssertionError("unreachable")

    def update(self, change: Callable[[Index], tuple[Index, T]]) -> T:
        """Replace the index by the first value that `change` returns, under the store's lock; return the second.

        Everything that a new entry reaches is durable before the index is written.
        """
        self.settle()
        with self.lock("index"):
            before = self.index()
            after, result = change(before)
            if after != before:
                with collecting(self.path, shared=True):
                    self._check_whole(after, {entry.digest for entry in before.manifests})
                    written = contents.encoded(self._key, after)
                    write_file(self.path / "index.json", written.raw)
                    contents.remember(self._key, written)
        lease(self.path).settle()
        return result

    def _check_whole(self, index: Index, known: set[Digest]) -> None:
        for entry in index.manifests:
            if entry.digest not in known:
                for part in references.below(self, entry):
                    if not self.blob_path(part.digest).exists():
                        raise NotFound(
                            f"Blob {part.digest} is not in the store at {self.path}.",
                            hint="It was removed while the image was made. Make the image again.",
                        )

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock called `name`; ``index`` guards the index."""
        return locked(self.path / f"{name}.lock", f"The store at {self.path}")

    def tag(self, name: str, descriptor: Descriptor, annotations: Mapping[str, str] | None = None) -> None:
        """Name a manifest whose blobs are all in the store, replacing an entry of that name."""
        entry = replace(
            descriptor,
            annotations={**descriptor.annotations, **(annotations or {}), REF_NAME: name},
            platform=None,
        )

        def change(index: Index) -> tuple[Index, None]:
            kept = [other for other in index.manifests if other.annotations.get(REF_NAME) != name]
            return replace(index, manifests=(*kept, entry)), None

        self.update(change)

    def untag(self, name: str) -> bool:
        """Remove a name from the index; return whether it existed. Blobs stay until they are collected.

        With the last name of a manifest, entries that were pushed by digest and belong to it are removed, too: parts
        of an index, signatures, bills of materials.
        """

        def change(index: Index) -> tuple[Index, bool]:
            after = self.without(index, [name])
            return after, after != index

        return self.update(change)

    def without(self, index: Index, names: Iterable[str]) -> Index:
        """Return the index without these names, and without what belongs to them alone."""

        def parts(entry: Descriptor) -> list[Digest]:
            with contextlib.suppress(ModelpackError):  # a damaged index points to nothing
                return [part.digest for part in references.below(self, entry) if references.points(part)]
            return []

        for name in names:
            index = untagged.without_tag(index, name, parts)
        return index

    def names(self, prefix: str = "") -> dict[str, Descriptor]:
        """Return named entries, oldest first, whose name starts with `prefix`: all of a repository before a colon."""
        known = self._contents()
        repository, colon, _ = prefix.rpartition(":")
        if colon:  # the names of one repository are at hand
            there = known.repositories.get(repository, ())
            return {name: known.names[name] for name in there if name.startswith(prefix)}
        return {name: entry for name, entry in known.names.items() if name.startswith(prefix)}

    def image(self, descriptor: Descriptor, platform: Platform | None = None) -> Image:
        """Return the image behind a descriptor, through indexes to `platform`."""
        for _ in range(INDEX_NESTING):
            if descriptor.size > MANIFEST_BYTES:
                raise Untrusted(f"Manifest {descriptor.digest} claims {descriptor.size} bytes.", code="too-large")
            with self.open_blob(descriptor) as stream:
                raw = stream.read()
            if descriptor.media_type not in INDEX_TYPES:
                return Image(descriptor, Image.from_raw(raw, self).manifest, raw, self)
            descriptor = Index.from_bytes(raw).select(platform or Platform())
        raise Untrusted("An image index points to itself.", code="bad-manifest")

    # --- as a registry's content ---

    def entries(self, repository: str) -> list[Descriptor]:
        """Return the manifests of a repository: a tag's, and those that were pushed by digest."""
        return [entry for entry in self.index().manifests if untagged.repository_of(entry) == repository]

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the manifest that a tag or a digest names in `repository`, or None."""
        entries = self.entries(repository)
        for entry in entries:
            if reference in (tag_of(entry), entry.digest):
                return entry
        if ":" not in reference:
            return None
        # A client that read an index asks for one of its manifests by digest.
        seen: set[Digest] = set()
        return next((part for top in entries for part in self._behind(top, seen) if part.digest == reference), None)

    def _behind(self, top: Descriptor, seen: set[Digest]) -> Iterator[Descriptor]:
        """Yield what an index points to and the store holds, each once; add it to `seen`."""
        todo = [top]
        while todo:
            one = todo.pop()
            if one.media_type in INDEX_TYPES and one.size <= MANIFEST_BYTES:
                with self.open_blob(one) as stream:
                    parts = Index.from_bytes(stream.read()).manifests
                fresh = {part.digest: part for part in parts if part.digest not in seen and self.holds(part)}
                seen.update(fresh)
                yield from fresh.values()
                todo += fresh.values()

    def repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        return sorted({untagged.repository_of(entry) for entry in self.index().manifests} - {""})

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, sorted."""
        return sorted(name.rpartition(":")[2] for name in self.names(f"{repository}:"))

    def referrers(self, repository: str, subject: Digest) -> list[Descriptor]:
        """Return the manifests of `repository` with that `subject`, each once, by digest."""
        found = {
            entry.digest: entry
            for entry in self.entries(repository)
            if entry.annotations.get(untagged.SUBJECT) == subject and self.holds(entry)
        }
        # Clients without the referrers API keep an index under a tag of the subject's digest.
        listed = self.resolve(repository, subject.replace(":", "-"))
        for part in self._behind(listed, set()) if listed else ():
            if references.subject(self, part) == subject:
                found.setdefault(part.digest, part)
        return [found[digest] for digest in sorted(found)]

    def tag_about(self, name: str, descriptor: Descriptor, subject: Digest | None) -> None:
        """Name a manifest that was just pushed and may have a `subject`; raises as `tag` does."""
        self.tag(name, descriptor, {CREATED: datetime.now(UTC).isoformat(), **untagged.about(subject)})

    def keep(self, repository: str, descriptor: Descriptor, subject: Digest | None) -> None:
        """Add a manifest to `repository` without a tag; raise `NotFound` when a blob of it is missing."""
        self.update(lambda index: (untagged.with_untagged(index, repository, descriptor, subject), None))

    def drop(self, repository: str, reference: str) -> bool:
        """Remove a tag, or a digest with all its tags, from `repository`; return whether it existed."""

        def is_meant(entry: Descriptor) -> bool:
            known = (tag_of(entry), entry.digest)
            return untagged.repository_of(entry) == repository and reference in known

        def change(index: Index) -> tuple[Index, bool]:
            kept = tuple(entry for entry in index.manifests if not is_meant(entry))
            return replace(index, manifests=kept), len(kept) != len(index.manifests)

        return self.update(change)

    def remove_blob(self, digest: Digest) -> bool:
        """Remove a blob that this process no longer needs; return False where a name or another process needs it."""
        return gc.remove(self, digest)

    def users_by_repository(self, digest: Digest) -> dict[str, str]:
        """Return the repositories in which a manifest needs a blob, each with the name of one."""
        found: dict[str, str] = {}
        for entry in self.index().manifests:
            repository = untagged.repository_of(entry)
            if entry.digest == digest or repository in found:
                continue
            if any(part.digest == digest for part in references.below(self, entry)):
                found[repository] = untagged.label_of(entry)
        return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno == errno.ESTALE:  # replaced on an NFS server: the next open finds the new file
            raise FileNotFoundError(errno.ENOENT, error.strerror, str(path)) from error
        raise
