"""The images of an engine behind the Docker Engine API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from jupyter_modelpack.engine.docker.channel import Channel, ReceiverGone
from jupyter_modelpack.engine.docker.cli_output import BuildTranscript, PullTranscript, disk_full, error_of, pull_error
from jupyter_modelpack.engine.docker.connection import Daemon
from jupyter_modelpack.engine.docker.inspect import Attributes, all_rows
from jupyter_modelpack.engine.image_store import EngineCredentials, ImageRow, Writable
from jupyter_modelpack.errors import Conflict, NotFound, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import NAME_LABEL
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.names import Reference

_TAR_END = b"\0" * 1024

_LOOKED_AT = 20
"""Images asked for their layers, those of the same name first; one costs some milliseconds."""


_SMALL = 1 << 20
"""Bytes that are sent sooner than one more image is asked for."""


class ContainerImages:
    """The `ImageStore` of Docker or Podman."""

    def __init__(self, daemon: Daemon, release: Callable[[str, Conflict], tuple[str, ...]]) -> None:
        """Keep images with `daemon`.

        Args:
            daemon: The engine.
            release: Called with an image's name and the engine's refusal when a container stands in the way of
                removing it; removes the ended services of ours and returns their names, or raises `Conflict`.
        """
        self._daemon = daemon
        self._release = release

    def rows(self) -> list[ImageRow]:
        """Return local images, newest first, one row a name."""
        with self._daemon.asking("Listing images"):
            return all_rows(self._daemon.api.images())

    def has(self, image_id: Digest) -> bool:
        """Whether an image with this config digest is there."""
        return self.inspect(image_id) is not None

    def pull(self, reference: str, credentials: EngineCredentials | None, report: Reporter) -> Digest:
        """Pull `reference` as ``docker pull`` does; return the image's id."""
        wanted = Reference.parse(reference)
        tag = str(wanted.digest or wanted.tag or "latest")
        auth = None
        if credentials is not None:
            auth = {"username": credentials.username, "password": credentials.password.reveal()}
        before = self.inspect(reference)
        transcript = PullTranscript(wanted, report)
        # The high-level pull of the SDK hides why Podman failed; the stream says it.
        messages = self._daemon.stream(
            f"Pulling {reference}",
            lambda api: api.pull(wanted.name, tag=tag, stream=True, decode=True, auth_config=auth),
            report,
        )
        try:
            for message in messages:
                transcript.read(message)
        except (NotFound, Unavailable) as error:
            # Docker answers a refused pull with 404 or 500 before the stream begins.
            if error.code in {"not-found", "engine-error"}:
                raise pull_error(reference, error.message) from error
            raise
        image = self.inspect(reference)
        if image is None:
            raise Unavailable(f"Pulling {reference}: the engine stopped before it was done.", retry=True)
        if not transcript.complete:
            self._complete(transcript, reference, wanted.name, image, before)
        return Digest.parse(image["Id"])

    @staticmethod
    def _complete(
        transcript: PullTranscript, reference: str, name: str, image: Attributes, before: Attributes | None
    ) -> None:
        """Add the two closing lines, which Podman leaves out."""
        for known in image.get("RepoDigests") or ():
            if known.startswith(f"{name}@"):
                transcript.line(f"Digest: {known.partition('@')[2]}")
                break
        news = "Image is up to date" if before and before["Id"] == image["Id"] else "Downloaded newer image"
        transcript.line(f"Status: {news} for {reference}")

    def load(self, image: Image, names: Sequence[str], report: Reporter) -> Digest:
        """Hand `image` over as an archive that is never whole in memory or on disk; return its id."""
        if not self.has(image.id):
            self._load(image, names, report)
        found = self.inspect(image.id) or (self.inspect(names[0]) if names else None)
        if found is None:
            raise Unavailable("Loading an image: the engine took it, but does not know it.", code="engine-error")
        # Podman reads the first name only; an image that was there already has others.
        for name in names:
            self.tag(found["Id"], name)
        return Digest.parse(found["Id"])

    def _load(self, image: Image, names: Sequence[str], report: Reporter) -> None:
        there = self.shared_layers(image)
        if there:
            try:
                self._send(image, names, report, there)
            except Unavailable as error:
                # An engine with containerd's image store wants every layer, so does one that lost some meanwhile.
                if error.code != "engine-error":
                    raise
                report.log("The engine wants all layers.")
            else:
                return
        self._send(image, names, report)

    def shared_layers(self, image: Image) -> frozenset[Digest]:
        """Return the layers of `image` that an image of the engine begins with too; none for Podman."""
        if self._daemon.name != "docker":
            return frozenset()
        wanted, most = image.diff_ids(), 0
        layers = image.manifest.layers
        with self._daemon.asking("Looking for layers"):
            rows = self._daemon.api.images()
            name = ((image.config().get("config") or {}).get("Labels") or {}).get(NAME_LABEL)
            rows.sort(key=lambda row: (_alike(name, row), row["Created"]), reverse=True)
            for row in rows[:_LOOKED_AT]:
                found = (self.inspect(row["Id"]) or {}).get("RootFS", {}).get("Layers") or []
                same = (ours == theirs for ours, theirs in zip(wanted, found, strict=False))
                most = max(most, sum(takewhile(bool, same)))
                if sum(layer.size for layer in layers[most:]) < _SMALL:
                    break
        return frozenset(layer.digest for layer in layers[:most])

    def _send(
        self, image: Image, names: Sequence[str], report: Reporter, left_out: frozenset[Digest] = frozenset()
    ) -> None:
        pipe: Channel[bytes] = Channel(4)

        def post(api: Any) -> Any:
            try:
                return api.load_image(pipe.receive())
            finally:
                pipe.close()

        replies: Iterator[Mapping[str, Any]] = self._daemon.stream("Loading an image", post, report)
        try:
            with pipe:
                write_archive(
                    image,
                    names,
                    _Sender(pipe, report),
                    lambda done, total: report.progress("load", done, total),
                    left_out=left_out,
                    layout=self._daemon.name != "podman",
                )
        except ReceiverGone:
            report.log("The engine broke off.")
        for reply in replies:
            if error := error_of(reply):
                if full := disk_full("Loading an image", error):
                    raise full
                raise Unavailable(f"Loading an image: {error}", code="engine-error")

    def save(self, reference: str, out: Writable, report: Reporter) -> None:
        """Write the image as an archive to `out`."""
        what = f"Saving {reference}"
        done, end = 0, b""
        for chunk in self._daemon.stream(what, lambda api: api.get_image(reference), report):
            out.write(chunk)
            done, end = done + len(chunk), (end + chunk)[-len(_TAR_END) :]
            report.progress("save", done, 0)
        if end != _TAR_END:
            raise Unavailable(f"{what}: the engine broke off after {done} bytes.", code="engine-gone", retry=True)

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
        """Build the Dockerfile in the folder `context`; return the image's id."""
        Reference.parse(tag)
        transcript = BuildTranscript(report)

        def start(api: Any) -> Any:
            for registry, known in (credentials or {}).items():
                # Remembered by this client alone; the user's own docker config is not written.
                api.login(known.username, known.password.reveal(), registry=registry, reauth=True)
            return api.build(
                path=str(context),
                tag=tag,
                rm=True,
                forcerm=True,
                decode=True,
                buildargs=dict(build_args or {}),
                network_mode=network,
            )

        try:
            for message in self._daemon.stream("Building an image", start, report, silence=None):
                transcript.read(message)
        except (NotFound, Unavailable, Conflict) as error:
            if error.code == "engine-error":  # a Dockerfile that cannot be parsed
                raise transcript.failure(error.message) from error
            raise
        found = self.inspect(tag)
        if found is None or transcript.image not in {None, found["Id"]}:
            raise transcript.failure("the engine stopped before it was done")
        return Digest.parse(found["Id"])

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name."""
        reference = Reference.parse(name)
        with self._daemon.asking(f"Naming {image} {name}"):
            self._daemon.api.tag(image, reference.name, reference.tag or "latest")

    def remove(self, name: str) -> tuple[str, ...]:
        """Remove a name, and with the last one the image and its ended services; return their names."""
        try:
            self._remove(name)
        except Conflict as error:
            released = self._release(name, error)
        else:
            return ()
        self._remove(name)
        return released

    def _remove(self, name: str) -> None:
        with self._daemon.asking(f"Removing {name}"):
            self._daemon.api.remove_image(name)

    def inspect(self, name: str) -> Attributes | None:
        """Return what the engine knows of an image, its id with the algorithm; None where there is none."""
        try:
            with self._daemon.asking(f"Looking for {name}"):
                found: Attributes = self._daemon.api.inspect_image(name)  # type: ignore[no-untyped-call]
        except NotFound:
            return None
        number = str(found["Id"])
        return {**found, "Id": number if ":" in number else f"sha256:{number}"}


def _alike(ours: str | None, row: Mapping[str, Any]) -> int:
    """Return how likely an image of the engine begins as the one named `ours` does."""
    theirs = (row.get("Labels") or {}).get(NAME_LABEL)
    return 0 if theirs is None else 2 if theirs == ours else 1


class _Sender:
    """The end of the pipe that `write_archive` writes to."""

    def __init__(self, pipe: Channel[bytes], report: Reporter) -> None:
        self._pipe, self._report = pipe, report

    def write(self, data: bytes) -> None:
        self._pipe.put(bytes(data), self._report.check)
