"""Engine for machines without Docker or Podman: a service is a local process, not isolated from this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jupyter_modelpack import supported
from jupyter_modelpack.engine import ports, private_file
from jupyter_modelpack.engine.base import LocalProgram, RunSpec, Service, check_name
from jupyter_modelpack.engine.conflicts import name_conflict, port_conflict
from jupyter_modelpack.engine.process import supervisor
from jupyter_modelpack.engine.process.service_records import ServiceRecord
from jupyter_modelpack.engine.process.tail import read_lines
from jupyter_modelpack.engine.reload import reloading
from jupyter_modelpack.errors import Conflict, Denied, NotFound, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import HOST_VARIABLE, PORT_VARIABLE
from jupyter_modelpack.limits import SERVICE_LOG_BYTES
from jupyter_modelpack.listener import holder

_START_SECONDS = 20.0
"""Seconds in which the supervisor must have started; it takes a tenth of one."""

_END_SECONDS = 5.0
"""Seconds that a supervisor has to end its service before it counts as stuck."""

_MOMENT = 0.2
"""Seconds between two looks at a growing log."""

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")

_INHERITED = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR",  # to find programs, and a folder to write to
    "LANG", "TZ",
    "LD_LIBRARY_PATH",  # this machine's libraries and devices, which a container is given
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER",  # the numbers of the one count in the order of the other
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",  # proxies and certificates of this network
    *_PROXIES, *(name.upper() for name in _PROXIES),
})  # fmt: skip
"""Variables that a service gets of ours. By their whole names: NVIDIA_API_KEY begins as a device's name does."""


class ProcessEngine:
    """Services as detached local processes that outlive the kernel."""

    name = "process"
    images = None

    def __init__(self) -> None:
        """Raise `Unavailable` on a system that does not tell of its processes."""
        if not supported.has_processes():
            raise Unavailable(
                "Services without a container engine need Linux: there is no /proc here that tells of processes.",
                hint="Start Docker or Podman; on Windows, use WSL 2.",
                code="no-processes",
            )

    def describe(self) -> str:
        """Return one line for people."""
        return f"local processes of Python {sys.version_info.major}.{sys.version_info.minor}, not isolated"

    def run(self, spec: RunSpec, report: Reporter) -> Service:
        """Start the program of `spec` in a session of its own; return before it is healthy."""
        check_name(spec.name)
        spec.bounds.check(self.name)
        if spec.program is None:
            raise UsageError(f"{spec.image} names no program that could run without a container engine.")
        self._free_name(spec, report)
        port = self._port(spec)
        try:
            record = ServiceRecord.claim(spec, port)
        except FileExistsError:  # another run of this moment won
            raise name_conflict(self.find(spec.name), mine=True) from None
        with contextlib.ExitStack() as undo:
            undo.callback(_abandon, record)
            _start(record, spec, spec.program, port)
            undo.pop_all()
        return record.service()

    def update_files(self, service: Service, files: Mapping[str, bytes]) -> None:
        """Write the files into the service's own folder."""
        record = _record(service)
        for path, content in files.items():
            target = record.newer / path
            target.parent.mkdir(parents=True, exist_ok=True)
            private_file.write(target, content)

    def reload(self, service: Service) -> None:
        """Send the service's process SIGHUP."""
        if process := _record(service).process():
            process.send(signal.SIGHUP)

    def services(self) -> list[Service]:
        """Return all services, newest first."""
        found = []
        for record in ServiceRecord.all():
            with contextlib.suppress(NotFound):  # removed since
                found.append(record.service())
        return found

    def find(self, name: str) -> Service:
        """Return the service of that name or process id."""
        return ServiceRecord.find(name).service()

    def wait(self, service: Service, seconds: float) -> Service:
        """Wait for the process to end, at most `seconds`."""
        try:
            record = _record(service)
        except NotFound:
            return replace(service, state="gone")
        if watched := record.watched():
            watched.wait(seconds)
        return _again(service)

    def logs(
        self, service: Service, *, tail: int | None = None, follow: bool = False, report: Reporter | None = None
    ) -> Iterator[str]:
        """Yield what the process wrote to stdout and stderr."""
        record = _record(service)
        going_on = report or Reporter()

        def moment() -> bool:
            # The end of the process is an event that wakes us; the growth of a file is none without
            # inotify, which the standard library lacks. So we look again every moment.
            going_on.check()
            watched = record.watched()
            return watched is not None and not watched.wait(_MOMENT)

        try:
            yield from read_lines(record.log, tail, moment if follow else None)
        except FileNotFoundError:
            return

    def kill(self, service: Service) -> Service:
        """End the process and all that it started with SIGKILL."""
        try:
            record = _record(service)
        except NotFound:
            return replace(service, state="gone")
        _end(record)
        return _again(service)

    def remove(self, service: Service) -> None:
        """Forget an ended process, with its log."""
        if not (now := _again(service)).ended:
            raise Conflict(f"{now.name} is running.", hint=f"End it first: kill {now.name}.", code="running")
        if now.state != "gone":
            _record(service).forget()

    def _free_name(self, spec: RunSpec, report: Reporter) -> None:
        """End and forget the service that has the name, if that is allowed."""
        try:
            old = self.find(spec.name)
        except NotFound:
            return
        if not (old.ended or spec.replace):
            raise name_conflict(old, mine=True)
        report.log(f"Replaced {old.name}, which {'had ended' if old.ended else 'was running'}.")
        self.kill(old)
        self.remove(old)

    def _port(self, spec: RunSpec) -> int:
        if not spec.port:
            return ports.free_port()
        for other in self.services():  # also one that was started a moment ago and does not listen yet
            if other.port == spec.port and not other.ended:
                raise port_conflict(spec.port, f"the service {other.name}", other.name)
        try:
            if not ports.is_free(spec.port, _address(spec)):
                raise port_conflict(spec.port, holder(spec.port))
        except PermissionError as error:
            raise Denied(
                f"Port {spec.port} may be used by root only.",
                hint="Take one above 1023, or --port 0.",
                code="port-denied",
            ) from error
        return spec.port


def inherited() -> dict[str, str]:
    """Return what a service gets of our own environment.

    Not everything the kernel knows: keys among it are not meant for the service, and a container would not see
    the rest either. What a script needs beside these is named by --env-var.
    """
    return {name: value for name, value in os.environ.items() if name in _INHERITED}


def _address(spec: RunSpec) -> str:
    return ports.EVERYWHERE if spec.public else ports.LOOPBACK


def _start(record: ServiceRecord, spec: RunSpec, program: LocalProgram, port: int) -> None:
    """Start the supervisor, which detaches itself once the program runs or cannot."""
    ours = {HOST_VARIABLE: _address(spec), PORT_VARIABLE: str(port)}
    hosts = {} if spec.public else ports.allowed_hosts()
    if spec.reloads:
        ours |= reloading(str(record.newer))
    try:
        said = subprocess.run(
            [
                *(sys.executable, "-ISE", supervisor.__file__, str(record.folder), str(program.fixed or "")),
                *(str(SERVICE_LOG_BYTES), *program.argv),
            ],
            cwd=program.cwd,
            env={**inherited(), **hosts, **program.env, **spec.env, **ours},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_START_SECONDS,
            start_new_session=True,
            check=False,
        )
        answer = json.loads(said.stdout or b'{"error": "it said nothing"}')
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise Unavailable(f"Starting {spec.name}: {error}", code="start-failed") from error
    if "error" in answer:
        details = said.stderr.decode("utf-8", "replace").strip()
        raise Unavailable(f"Starting {spec.name}: {answer['error']} {details}".rstrip(), code="start-failed")


def _end(record: ServiceRecord) -> None:
    """Kill a service with all that it started."""
    watched, process = record.process("supervisor"), record.process()
    if watched and watched.alive:
        watched.send(signal.SIGTERM)
        watched.wait(_END_SECONDS)
    if process and process.alive:
        # The supervisor was killed, so nothing else reaps the processes that we end here or records their end.
        supervisor.kill_below(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_SECONDS)
        private_file.write_json(record.folder / supervisor.EXIT, {"code": 128 + signal.SIGKILL, "killed": True})


def _abandon(record: ServiceRecord) -> None:
    """Undo a start that failed or was interrupted."""
    _end(record)
    record.forget()


def _record(service: Service) -> ServiceRecord:
    """Return the record of `service`; raise `NotFound` when another service has its name by now."""
    record = ServiceRecord.find(service.name)
    if service.id and record.service().id != service.id:
        raise NotFound(f"{service.name} is another service by now.", code="no-service")
    return record


def _again(service: Service) -> Service:
    try:
        return _record(service).service()
    except NotFound:
        return replace(service, state="gone")
