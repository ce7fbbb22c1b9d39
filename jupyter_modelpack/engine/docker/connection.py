"""Connection to a container engine through the docker SDK, with its errors translated to ours.

The only module that imports the SDK; import it only once an engine is wanted. Both Docker and Podman
speak this API.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
from docker import APIClient
from docker.context import ContextAPI
from docker.errors import APIError, ContextException, DockerException, InvalidVersion, TLSParameterError
from docker.tls import TLSConfig
from docker.types import CancellableStream
from docker.utils import kwargs_from_env

from jupyter_modelpack.engine.docker.channel import Channel
from jupyter_modelpack.engine.docker.cli_output import disk_full
from jupyter_modelpack.errors import Conflict, Denied, ModelpackError, NotFound, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.redact import scrub

T = TypeVar("T")

FIRST_ANSWER = 3.0
"""Seconds in which an engine must answer to be chosen; a local one takes milliseconds."""

ANSWER = 30.0
"""Seconds in which an engine must answer a question; starting a container on a busy disk takes longest."""

SILENCE = 900.0
"""Seconds without a word in a pull or load: Podman says nothing while it unpacks."""

_PORT_IN_USE = re.compile(r"port is already allocated|address already in use|ports are not available")
_NAME_IN_USE = re.compile(r"name \S+ is already in use")
_GONE = re.compile(r"no such (?:container|image)")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine may answer, with the reason to look there."""

    url: str
    source: str
    tls: TLSConfig | bool = False

    def __str__(self) -> str:
        return f"{self.url} ({self.source})" if self.source else self.url


def addresses(name: str | None = None) -> list[Address]:
    """Return where to look for an engine, best first.

    ``DOCKER_HOST`` decides alone, as for the ``docker`` command; else the command's current context, the
    rootless Docker socket, Podman's sockets. Asked for Podman by name, its own sockets come first.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    podman = [
        *([Address(host, "CONTAINER_HOST")] if (host := os.environ.get("CONTAINER_HOST")) else []),
        Address(f"unix://{runtime}/podman/podman.sock", "Podman's socket"),
        Address("unix:///run/podman/podman.sock", "Podman's socket"),
    ]
    if host := os.environ.get("DOCKER_HOST"):
        with _worded("DOCKER_HOST"):
            given = Address(host, "DOCKER_HOST", kwargs_from_env().get("tls", False))
        return [given, *podman] if name == "podman" else [given]
    docker = [_context(), Address(f"unix://{runtime}/docker.sock", "rootless Docker's socket")]
    return [*podman, *docker] if name == "podman" else [*docker, *podman]


def _context() -> Address:
    """Return the endpoint of the ``docker`` command's current context, which the SDK itself ignores."""
    name = os.environ.get("DOCKER_CONTEXT") or None
    with _worded(f"The Docker context {name or ''}".rstrip()):
        context = ContextAPI.get_context(name)
        host = context and context.Host
        if not host:
            return Address("unix:///var/run/docker.sock", "Docker's socket")
        # The default context names Docker's socket in the SDK's own spelling.
        url = host.replace("http+unix://", "unix://").replace("unix:////", "unix:///")
        source = "Docker's socket" if context.Name == "default" else f"the Docker context {context.Name!r}"
        return Address(url, source, context.TLSConfig or False)


class Daemon:
    """One engine that answers.

    Attributes:
        api: The SDK's low-level client; use it inside `asking` only.
        name: ``docker`` or ``podman``, by what the server says of itself.
        version: Of the server.

    """

    def __init__(self, address: Address) -> None:
        """Connect; raise `Unavailable` or `Denied` with one sentence why not."""
        self.address = address
        _look(address)
        with _worded(f"The container engine at {address}"):
            first = self._client(timeout=FIRST_ANSWER)
            with contextlib.closing(first):
                facts = first.version()
                self._api_version: str = first.api_version
        parts = {part.get("Name", "") for part in facts.get("Components") or ()}
        self.name = "podman" if "Podman Engine" in parts else "docker"
        self.version = str(facts.get("Version", ""))
        self.api = self._client(timeout=ANSWER)

    def __str__(self) -> str:
        return f"{self.name.capitalize()} {self.version} (API {self._api_version}) at {self.address}"

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Translate the SDK's errors to ours; `what` names the operation that failed."""
        with _worded(what):
            yield

    def stream(
        self,
        what: str,
        start: Callable[[APIClient], Iterable[T]],
        report: Reporter,
        *,
        silence: float | None = SILENCE,
    ) -> Iterator[T]:
        """Start a streaming request now; return what it gives.

        The request has a connection and a thread of its own, because a blocking read cannot be interrupted. A
        cancelled `report` cuts the connection off.

        Args:
            what: What failed, for errors.
            start: Makes the request.
            report: Asked whether to go on.
            silence: Seconds of silence that mean trouble; None for logs or builds, which may be silent.

        """
        answers: list[requests.Response] = []
        streams: list[CancellableStream[T]] = []
        client = self._client(timeout=None)
        client.hooks["response"].append(lambda response, **_: answers.append(response))

        def read() -> Iterator[T]:
            with contextlib.closing(client):
                items = start(client)
                if not isinstance(items, CancellableStream):
                    if not answers[-1].ok:
                        yield from items  # raises the refusal, which a CancellableStream would swallow
                    items = CancellableStream(iter(items), answers[-1])
                streams.append(items)
                # A connection that breaks ends this without an error: callers look whether all is there.
                yield from items

        def receive() -> Iterator[T]:
            try:
                with _worded(what):
                    yield from channel.receive(report.check, silence)
            finally:
                # The SDK stumbles over a stream that ends while it is being closed.
                with contextlib.suppress(OSError, AttributeError, UnboundLocalError):
                    for stream in streams:
                        stream.close()

        channel: Channel[T] = Channel(1000)
        threading.Thread(target=channel.feed, args=(read,), name=what, daemon=True).start()
        return receive()

    def wait(self, container: str, seconds: float, until: str = "not-running") -> None:
        """Wait until a container does not run, or is ``removed``, at most `seconds`."""
        with self.asking("Waiting for a container"):
            try:
                self.api.wait(container, timeout=max(seconds, 0.001), condition=until)  # type: ignore[arg-type]  # a float does
            except requests.exceptions.ConnectionError as error:
                # What a ReadTimeout becomes when the headers came before.
                if "Read timed out" not in str(error):
                    raise
            except requests.exceptions.ReadTimeout:
                return

    def _client(self, timeout: float | None) -> APIClient:
        version = getattr(self, "_api_version", "auto")
        client: Any = APIClient
        made: APIClient = client(base_url=self.address.url, version=version, timeout=timeout, tls=self.address.tls)
        return made


def connect(name: str | None = None) -> Daemon:
    """Return the first engine that answers; with a name, the first of that kind.

    Raises:
        Unavailable, Denied: none does; the message is about the address that looks most like one.

    """
    failures: list[ModelpackError] = []
    for address in addresses(name):
        try:
            daemon = Daemon(address)
        except (Unavailable, Denied, UsageError) as error:
            failures.append(error)
            continue
        # Podman behind Docker's own address is what the user set up in place of Docker.
        if name in {None, daemon.name} or (name == "docker" and not address.source.startswith("Podman")):
            return daemon
        failures.append(Unavailable(f"{daemon} answers, but it is not {name}.", code="no-engine"))
    raise next((error for error in failures if error.code != "no-engine-there"), failures[0])


def _look(address: Address) -> None:
    """Say what is wrong with a socket before the SDK words it as a failed HTTP request."""
    if not address.url.startswith("unix://"):
        return
    socket = Path(address.url.removeprefix("unix://"))
    try:
        there = socket.is_socket()
    except PermissionError:
        there = True
    if not there:
        raise Unavailable(
            f"No container engine answers: there is no socket {socket} ({address.source}).",
            hint="Install Docker or Podman, or start it; DOCKER_HOST names one that listens elsewhere.",
            code="no-engine" if address.source == "DOCKER_HOST" else "no-engine-there",
        )
    if not os.access(socket, os.R_OK | os.W_OK):
        raise Denied(
            f"A container engine is there, but you may not use its socket {socket} ({address.source}).",
            hint="Ask to be added to the group that owns it (often `docker`), then log in again; "
            "or use rootless Podman: systemctl --user start podman.socket.",
            code="engine-denied",
        )


@contextmanager
def _worded(what: str) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        raise _refusal(what, error) from error
    except (DockerException, ContextException, requests.exceptions.RequestException, ValueError) as error:
        raise _unreachable(what, error) from error


def _refusal(what: str, error: APIError) -> ModelpackError:
    """Return what an answer with an error status means."""
    text = scrub(str(error.explanation or error).strip())
    if full := disk_full(what, text):
        return full
    if _PORT_IN_USE.search(text):
        return Conflict(f"{what}: {text}", code="port-in-use")
    if _NAME_IN_USE.search(text):  # 409 from Docker, 500 from Podman
        return Conflict(f"{what}: {text}", code="name-in-use")
    if error.status_code == 404 or _GONE.search(text):  # 500 from Podman, for one that goes while it is looked at
        return NotFound(f"{what}: {text}")
    if error.status_code == 409:
        return Conflict(f"{what}: {text}")
    if "is too new" in text or "is too old" in text:
        return _old(what, text)
    return Unavailable(f"{what}: {text}", code="engine-error")


def _unreachable(what: str, error: Exception) -> ModelpackError:
    """Return what a request without an answer means; the SDK wraps the cause into text."""
    text = scrub(str(error))
    if isinstance(error, InvalidVersion) or "is too new" in text or "is too old" in text:
        return _old(what, text)
    if isinstance(error, TLSParameterError):
        return UsageError(
            f"{what} wants TLS: {text.splitlines()[0]}", hint="Check DOCKER_CERT_PATH.", code="engine-tls"
        )
    if "paramiko" in text:
        return UsageError(
            f"{what} is reached by ssh, which needs the package paramiko.",
            hint="pip install paramiko; or forward its socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST.",
            code="engine-address",
        )
    if "Permission denied" in text:
        return Denied(f"{what} does not let you in.", hint="You need permission for its socket.", code="engine-denied")
    for sign, reason in _REASONS.items():
        if sign in text:
            hint = "Is it running? DOCKER_HOST, or the docker context, names another."
            return Unavailable(f"{what} does not answer: {reason}.", hint=hint, code="no-engine", retry=True)
    if isinstance(error, requests.exceptions.RequestException):
        hint = "The engine may be restarting: try again."
        return Unavailable(f"{what}: the engine went away: {text}", hint=hint, code="engine-gone", retry=True)
    return UsageError(f"{what} cannot be used: {text}", hint="Check DOCKER_HOST.", code="engine-address")


_REASONS = {
    "Connection refused": "the connection was refused",
    "No such file": "its socket is not there",
    "timed out": "it keeps silent",
    "resolve": "its host name is not known",
    "Name or service not known": "its host name is not known",
    "unreachable": "its network cannot be reached",
}


def _old(what: str, text: str) -> Unavailable:
    return Unavailable(
        f"{what} speaks a version of the Docker API that this docker SDK does not: {text}",
        hint="Update the engine (Docker 20.10 or newer, Podman 4 or newer), or the Python package docker.",
        code="engine-old",
    )
