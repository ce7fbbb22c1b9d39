"""What every engine can do.

A verb knows only these types; whether a container or a local process stands behind a `Service` is
the engine's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from jupyter_modelpack.engine.bounds import NO_BOUNDS, Bounds
from jupyter_modelpack.engine.image_store import ImageStore
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.listener import DEFAULT_PORT

OUT_OF_MEMORY, KILLED = "out of memory", "killed"
"""Reasons of a service's end that an engine knows: the second is our own verb `kill`."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}")

State = Literal["starting", "running", "exited", "gone"]


@dataclass(frozen=True, slots=True)
class LocalProgram:
    """What the process engine starts in place of a container: argv, folder and environment.

    Attributes:
        fixed: Folder that neither it nor what it starts may write to, where the system can see to that.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    fixed: Path | None = None


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A service to start.

    Attributes:
        image: Reference or image id as the engine knows it; for the process engine only a word in tables.
        name: Container name; also how `find` finds it.
        port: On 127.0.0.1; 0 asks for a free one.
        env: Added to the image's environment.
        labels: Added to ours.
        program: For the process engine: what to start. Container engines ignore it.
        replace: Whether a running service of ours that has this name may be ended first. One that has
            ended gives way without being asked.
        bounds: What it may use of the machine; the process engine cannot bound it.
        reloads: Whether it is to take a newer script without a restart, which costs a process more.
        public: Whether other computers may reach the port, too.
    """

    image: str
    name: str
    port: int = DEFAULT_PORT
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    program: LocalProgram | None = None
    replace: bool = False
    bounds: Bounds = NO_BOUNDS
    reloads: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A running or ended service: a container or a local process.

    Attributes:
        engine: ``docker``, ``podman`` or ``process``.
        id: Container id, or process id as text.
        state: As of when it was asked for.
        exit_code: When it has exited; 128 + n after signal n. None when its end was not observed.
        reason: What the engine itself says about its end (``out of memory``), else empty.
        mine: Whether `run` has started it, as this user's records say; else it is only to be looked at.
    """

    engine: str
    name: str
    id: str
    image: str
    port: int
    state: State
    started: datetime | None = None
    exit_code: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    mine: bool = True

    @property
    def ended(self) -> bool:
        """Whether it will not answer any more."""
        return self.state in {"exited", "gone"}

    @property
    def url(self) -> str:
        """Where it answers on this machine, without a trailing slash."""
        return f"http://localhost:{self.port}"

    @property
    def scoring_uri(self) -> str:
        """Where to POST (contract fact: ``/score``)."""
        return f"{self.url}/score"


def check_mine(service: Service, deed: str) -> None:
    """Raise `Conflict` unless `run` has started the service: `deed` (``killed``) is not done to what is not ours."""
    if not service.mine:
        raise Conflict(
            f"{service.name} is a container that modelpack has not started with this MODELPACK_HOME: it is not {deed}.",
            hint=f"If you need it no more: {service.engine} rm --force {service.name}.",
            code="not-ours",
        )


def check_name(name: str) -> str:
    """Return `name` if every engine takes it as a service's name, else raise `UsageError`."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"Service name {name[:80]!r}: not a name that an engine takes.",
            hint="Use 2 to 128 letters, digits, dots, dashes or underscores, beginning with a letter or digit.",
            code="bad-name",
        )
    return name


class Engine(Protocol):
    """What runs services: Docker, Podman or this machine's own processes.

    All raise `Unavailable` when the engine does not answer; those that take a `Reporter` stop when it
    was cancelled.
    """

    name: str
    """``docker``, ``podman`` or ``process``."""

    @property
    def images(self) -> ImageStore | None:
        """The engine's images; None for the process engine, which runs what lies in the workspace."""
        ...

    def describe(self) -> str:
        """Return one line for people: name, version, address."""
        ...

    def run(self, spec: RunSpec, report: Reporter) -> Service:
        """Start a service and return at once, before it is healthy.

        Raises:
            Conflict: port or name in use; the message names the holder.
            NotFound: no such image.
        """
        ...

    def update_files(self, service: Service, files: Mapping[str, bytes]) -> None:
        """Write `files`, in their order, over the app of a service, which reads them at its next reload or start.

        Args:
            service: A service that was started with `RunSpec.reloads`.
            files: Contents by path.

        Raises:
            Conflict: the service is not `mine`.
        """
        ...

    def reload(self, service: Service) -> None:
        """Tell a service to serve the files that `update_files` has written; return at once."""
        ...

    def services(self) -> list[Service]:
        """Return all services, running or exited, newest first; those that are not `mine` only to be looked at."""
        ...

    def find(self, name: str) -> Service:
        """Return the service of that name or id; raise `NotFound`."""
        ...

    def wait(self, service: Service, seconds: float) -> Service:
        """Wait for the service to end, at most `seconds`; return its state then."""
        ...

    def logs(
        self, service: Service, *, tail: int | None = None, follow: bool = False, report: Reporter | None = None
    ) -> Iterator[str]:
        """Yield log lines without newlines; with `follow`, until the service ends or `report` is cancelled."""
        ...

    def kill(self, service: Service) -> Service:
        """End a service at once and return its last state; one that is gone already is no error.

        Raises:
            Conflict: it is not `mine`. So do `update_files`, `reload` and `remove`.
        """
        ...

    def remove(self, service: Service) -> None:
        """Forget an ended service, so that its name is free again; raise `Conflict` while it runs."""
        ...
