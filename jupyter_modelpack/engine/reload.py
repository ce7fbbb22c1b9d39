"""A newer script in a running service, without a restart."""

from __future__ import annotations

import http.client
import io
import json
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_modelpack.engine.base import Engine, Service
from jupyter_modelpack.engine.diagnose import diagnose, ending_lines, explain, shown
from jupyter_modelpack.engine.ports import LOOPBACK
from jupyter_modelpack.errors import BuildFailed, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import RELOAD_DIR_VARIABLE, RELOAD_LABEL, RELOAD_VARIABLE

MORE = "more-than-script"
"""Code of the error that says that the service must be restarted."""

_POINTER = "serves"
"""Name of the file that says which folder counts; it is written last, so that all of a script changes at once."""

_PAUSE = 0.01
"""Seconds between two questions whether the new script serves; it takes a tenth of one."""

_PROBE_SECONDS = 5.0
_TAIL = 60


@dataclass(frozen=True, slots=True)
class _State:
    """What a service says of its scripts; counted since its start."""

    package: str
    asked: int
    served: int
    refused: int

    @property
    def decided(self) -> bool:
        """Whether every reload that was asked for has ended."""
        return self.asked == self.served + self.refused


def reloading(folder: str) -> dict[str, str]:
    """Return the variables that make a service take newer scripts from `folder`."""
    return {RELOAD_VARIABLE: "true", RELOAD_DIR_VARIABLE: folder}


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive of the files in their order, with every folder on the way."""
    stream = io.BytesIO()
    made: set[str] = set()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            parts = name.split("/")
            for depth in range(1, len(parts)):
                above = "/".join(parts[:depth])
                if above not in made:
                    made.add(above)
                    entry = tarfile.TarInfo(above)
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(entry)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def running_package(service: Service) -> str:
    """Return the name of the newest script that a service was given; empty while it serves its own."""
    state = _state(service) if RELOAD_LABEL in service.labels and not service.ended else None
    return state.package if state else ""


def reload(
    engine: Engine, service: Service, name: str, files: Mapping[str, bytes], report: Reporter, seconds: float
) -> float:
    """Let `service` serve `files`; return how many seconds it took.

    Calls that run are answered by the script before, none fails; a script that does not start leaves it serving.

    Args:
        engine: Which runs the service.
        service: One that was started to reload.
        name: Identifies this script; the service reports it once it serves it.
        files: Content by path, relative to the app's folder.
        report: Asked whether to go on.
        seconds: How long the new script may take to start.

    Raises:
        UsageError: the service was not started to reload, or has ended.
        BuildFailed: the new script does not start; says why.
        Unavailable: it has not started in time, or the service does not answer.

    """
    started = time.monotonic()
    if service.ended:
        raise UsageError(f"{service.name} has ended.", hint="Start it again with run.", code="not-running")
    before = _state(service)
    if before is None and RELOAD_LABEL in service.labels:
        raise Unavailable(
            f"{service.name} does not answer, so it takes no new script.",
            hint=f"See the log: logs {service.name}.",
            code="not-ready",
            retry=True,
        )
    if before is None:
        raise UsageError(
            f"{service.name} takes no new script while it runs.",
            hint="Start it again with: run --watch --replace.",
            code="no-reload",
        )
    engine.update_files(
        service, {**{f"{name}/{path}": content for path, content in files.items()}, _POINTER: name.encode()}
    )
    engine.reload(service)
    while (now := _state(service)) is None or now.asked == before.asked or not now.decided:
        report.check()
        if (last := engine.wait(service, _PAUSE)).ended:
            raise diagnose(engine, last)
        if time.monotonic() > started + seconds:
            raise Unavailable(
                f"The new script does not serve after {seconds:.0f} s; the one before does.",
                hint=f"See the log: logs {service.name}.",
                code="not-ready",
                retry=True,
            )
    if now.package != name and now.refused > before.refused:
        engine.update_files(service, {_POINTER: now.package.encode()})  # or a restart would begin with what was refused
        lines = ending_lines(engine, service, _TAIL)
        cause, hint = explain(service, lines)
        raise BuildFailed(
            f"The new script does not start: {cause or 'see the lines'} The one before goes on serving.",
            hint=hint,
            step="reload",
            log_tail=shown(lines),
            code="script-died",
        )
    return time.monotonic() - started


def _state(service: Service) -> _State | None:
    """Ask the service; None when it does not answer, or reports no counts of reloads."""
    connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", "/ready", headers={"Connection": "close"})
        said = json.loads(connection.getresponse().read(65536))
        counts = said["scripts"]
        return _State(said["package"] or "", counts["asked"], counts["served"], counts["refused"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
