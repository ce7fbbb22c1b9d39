"""What every container engine can do with images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.redact import Secret


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One row of ``docker images``.

    Attributes:
        repository: With its registry; ``<none>`` when the image has no name.
        tag: ``<none>`` when it has none.
        id: Digest of the image config.
        created: From the image config; None when it names no time.
        size: Bytes, unpacked.
        ours: Whether it carries our label.
    """

    repository: str
    tag: str
    id: Digest
    created: datetime | None
    size: int
    ours: bool = False


@dataclass(frozen=True, slots=True)
class EngineCredentials:
    """User name and password that an engine sends to a registry, in a pull or for the `FROM` of a build."""

    username: str
    password: Secret


class Writable(Protocol):
    """A sink of bytes."""

    def write(self, data: bytes, /) -> object:
        """Append `data`."""
        ...


class ImageStore(Protocol):
    """The images of a container engine.

    All raise `Unavailable` when the engine does not answer; those that take a `Reporter` stop when it
    was cancelled.
    """

    def rows(self) -> list[ImageRow]:
        """Return local images, newest first, one row a name."""
        ...

    def has(self, image_id: Digest) -> bool:
        """Whether an image with this config digest is there."""
        ...

    def shared_layers(self, image: Image) -> frozenset[Digest]:
        """Return the layers of `image` that loading it would not send, since the engine has them."""
        ...

    def pull(self, reference: str, credentials: EngineCredentials | None, report: Reporter) -> Digest:
        """Pull `reference`, logging one line an event as ``docker pull`` words it; the last is ``Status: ...``.

        Returns:
            The id the engine gave the image.
        """
        ...

    def load(self, image: Image, names: Sequence[str], report: Reporter) -> Digest:
        """Transfer `image` to the engine as an archive, without a registry, and name it.

        Returns:
            The id the engine gave it: the config digest, or in newer engines that of the manifest.
        """
        ...

    def save(self, reference: str, out: Writable, report: Reporter) -> None:
        """Write the image as an archive (``docker save``) to `out`."""
        ...

    def build(
        self,
        context: Path,
        tag: str,
        report: Reporter,
        *,
        build_args: Mapping[str, str] | None = None,
        network: str | None = None,
        credentials: Mapping[str, EngineCredentials] | None = None,
    ) -> Digest:
        """Build the Dockerfile in the folder `context`, logging its output line by line as it comes.

        Args:
            context: The folder; ``Dockerfile`` and ``.dockerignore`` lie in it.
            tag: Name of the image.
            report: Takes the log.
            build_args: Values for ``ARG``; they stay readable in the image's history: never a secret.
            network: Network of the steps (``none``, ``host``), else the engine's own.
            credentials: By registry address, for ``FROM``.

        Returns:
            The image's id.

        Raises:
            BuildFailed: carries the step and its last lines.
        """
        ...

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name."""
        ...

    def remove(self, name: str) -> tuple[str, ...]:
        """Remove a name, and with the last one the image; raise `Conflict` while a container uses it.

        Returns:
            The names of the ended services of ours that were made from it and went with it.
        """
        ...
