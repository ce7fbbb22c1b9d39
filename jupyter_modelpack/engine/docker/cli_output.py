"""The message streams of an engine, in the words of its command line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.errors import BuildFailed, Denied, ModelpackError, NotFound, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.lines import Lines
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import scrub

Message = Mapping[str, Any]

TAIL = 20
"""Log lines that an error shows: a traceback's end, and still one screen."""

_DENIED = re.compile(r"(?i)unauthorized|no basic auth|denied|authentication required|\b40[13]\b|invalid username")
_ABSENT = re.compile(r"(?i)manifest unknown|not found|no such image|name unknown|\b404\b")
_AWAY = re.compile(r"(?i)connection refused|no such host|timeout|timed out|deadline exceeded|unreachable|EOF|reset by")
_STEP = re.compile(r"(?i)^step \d+/\d+\s?: .*")


def error_of(message: Message) -> str:
    """Return the error a message carries, or an empty string."""
    detail = message.get("errorDetail")
    return str(message.get("error") or (detail.get("message") if isinstance(detail, dict) else "") or "")


_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def disk_full(what: str, text: str) -> Unavailable | None:
    """Return what it means when the engine says that its disk is full; None when it says something else."""
    if not _FULL.search(text):
        return None
    return Unavailable(
        f"{what}: the disk on which the container engine keeps its images and containers is full.",
        hint="`docker system df` tells what takes space there, `docker system prune` frees what nothing uses; "
        "podman has both.",
        code="disk-full",
        retry=True,
    )


def pull_error(reference: str, text: str) -> ModelpackError:
    """Return what a failed pull means for the user."""
    said = scrub(text.strip())
    if full := disk_full(f"Pulling {reference}", said):
        return full
    # Words and digits of the name itself, a port 44039 or a model called "denied", say nothing.
    cause = said.replace(reference, "").replace(Reference.parse(reference).name, "")
    if _DENIED.search(cause):
        return Denied(
            f"Pulling {reference}: the registry refused: {said}",
            hint="Check user name and password, and that the name is right: some registries deny what does not exist.",
        )
    if _ABSENT.search(cause):
        return NotFound(f"Pulling {reference}: the registry has no such image: {said}", hint="Check name and tag.")
    retry = bool(_AWAY.search(cause))
    hint = "Is the registry running, and can the engine reach it?" if retry else ""
    return Unavailable(f"Pulling {reference} failed: {said}", hint=hint, retry=retry)


class PullTranscript:
    """Turns the messages of a pull into the lines of ``docker pull`` and into bytes done.

    Attributes:
        digest: From the ``Digest: ...`` line, empty until it came; Podman sends none.
        complete: Whether the ``Status: ...`` line came.
    """

    def __init__(self, reference: Reference, report: Reporter) -> None:
        self.reference = reference
        self.digest = ""
        self.complete = False
        self._report = report
        self._headed = False
        self._layers: dict[str, tuple[int, int]] = {}

    def read(self, message: Message) -> None:
        """Report one message; raise what an error in it means."""
        if error := error_of(message):
            raise pull_error(str(self.reference), error)
        status, layer = str(message.get("status") or "").strip(), str(message.get("id") or "")
        detail = message.get("progressDetail")
        detail = detail if isinstance(detail, dict) else {}
        if detail.get("current") is not None:
            if status == "Downloading":
                self._progress(layer, int(detail["current"]), int(detail.get("total") or 0))
            return
        if status in {"Download complete", "Pull complete", "Already exists"} and layer in self._layers:
            total = self._layers[layer][1]
            self._progress(layer, total, total)
        if status:
            self.line(status, layer)

    def line(self, status: str, layer: str = "") -> None:
        """Log one line, preceded by the heading where an engine leaves it out."""
        if not self._headed and "Pulling from" not in status:
            name = self.reference.on_hub()
            self._report.log(f"{name.digest or name.tag}: Pulling from {name.repository}")
        self._headed = True
        self.digest = status.removeprefix("Digest: ") if status.startswith("Digest: ") else self.digest
        self.complete = self.complete or status.startswith("Status: ")
        self._report.log(f"{layer}: {status}" if layer else status)

    def _progress(self, layer: str, done: int, total: int) -> None:
        self._layers[layer] = (done, max(total, done))
        self._report.progress(
            "pull", sum(done for done, _ in self._layers.values()), sum(total for _, total in self._layers.values())
        )


class BuildTranscript:
    """Turns the messages of a build into log lines.

    Attributes:
        image: The id of the image, once the engine has named it.
    """

    def __init__(self, report: Reporter) -> None:
        self.image: Digest | None = None
        self._report = report
        self._step = ""
        self._lines = Lines()
        self._tail: deque[str] = deque(maxlen=TAIL)

    def read(self, message: Message) -> None:
        """Report one message; raise `BuildFailed` when it carries an error."""
        if error := error_of(message):
            raise self.failure(error)
        aux = message.get("aux")
        if isinstance(aux, dict) and aux.get("ID"):
            self.image = Digest.parse(aux["ID"])
        if "stream" in message:
            for line in self._lines.feed(str(message["stream"]).encode("utf-8", "replace")):
                self._line(line)
        elif message.get("status") and not message.get("progressDetail"):
            layer = message.get("id")
            self._line(f"{layer}: {message['status']}" if layer else str(message["status"]))

    def failure(self, error: str) -> ModelpackError:
        """Return the error of a build that ended with `error`."""
        for line in self._lines.rest():
            self._line(line)
        said = scrub(error.strip())
        step = f" in {self._step!r}" if self._step else ""
        if full := disk_full(f"The build failed{step}", said):
            return full
        return BuildFailed(
            f"The build failed{step}: {said}",
            hint="The lines above say why; change the Dockerfile or what it installs, and build again.",
            step=self._step,
            log_tail=tuple(self._tail),
        )

    def _line(self, line: str) -> None:
        line = scrub(line.rstrip("\r "))
        if _STEP.match(line):
            self._step = line
            self._tail.clear()
        if line:
            self._tail.append(line)
            self._report.log(line)
