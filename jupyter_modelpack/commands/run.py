"""run: start a package as a service and wait until it answers."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.grammar.parse import as_dict
from jupyter_modelpack.commands.results import Running
from jupyter_modelpack.errors import Cancelled, Conflict, ModelpackError, NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import (
    DIGEST_LABEL,
    KEYS_VARIABLE,
    PUBLIC_LABEL,
    RELOAD_LABEL,
    SAMPLE_LABEL,
    SETTINGS_LABEL,
    WORKSPACE_LABEL,
)
from jupyter_modelpack.listener import DEFAULT_PORT

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.engine.base import Engine, LocalProgram, RunSpec, Service


def run(  # noqa: PLR0913 - one keyword an option
    report: Reporter,
    *,
    env_var: options.Variables = (),
    package: options.Package = None,
    name: Annotated[
        str | None, Option("Name of the service; by default, the last part of the image's name", "-n", metavar="NAME")
    ] = None,
    port: Annotated[
        int, Option("Port on this machine; 0 takes a free one", between=(0, 65535), metavar="PORT")
    ] = DEFAULT_PORT,
    replace: Annotated[bool, Option("End a service of that name first")] = False,
    public: Annotated[
        bool,
        Option("Let other computers reach it, with two keys that are made and shown once (or your MODELPACK_KEYS)"),
    ] = False,
    watch: Annotated[
        bool, Option("Serve a newer script without a restart: by reload, and whenever its cell is packaged again")
    ] = False,
    memory: Annotated[
        str | None,
        Option("Most memory it may use, as docker run says it: 512m, 2g; by default, no limit", metavar="SIZE"),
    ] = None,
    cpus: Annotated[
        str | None, Option("How many processors it may use: 2, 0.5; by default, all", metavar="COUNT")
    ] = None,
    gpus: Annotated[
        str | None,
        Option("GPUs it is given, as docker run says it: all, 1, device=0,1; by default, none", metavar="GPUS"),
    ] = None,
    timeout: options.ReadyIn = 120,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Running:
    """Start a package; one that runs already, just as asked for, is left as it is.

    One that is to be watched and was not until now is started again.
    """
    from jupyter_modelpack.commands.ensure_image import check_is_image, hand_over
    from jupyter_modelpack.engine import health
    from jupyter_modelpack.engine.base import RunSpec, check_name
    from jupyter_modelpack.engine.bounds import Bounds

    started = time.monotonic()
    bounds = Bounds.read(memory, cpus, gpus)
    chosen = lookup.engine(engine)
    bounds.check(chosen.name)  # before anything is written out
    ws = lookup.workspace(workspace)
    wanted = lookup.package(ws, package)
    check_is_image(wanted)
    called = check_name(name or default_name(wanted.location or ""))  # before anything is written out for it
    labels = {
        WORKSPACE_LABEL: str(ws.path),
        DIGEST_LABEL: str(wanted.digest),
        **({SAMPLE_LABEL: wanted.sample} if wanted.sample else {}),
        **({PUBLIC_LABEL: "true"} if public else {}),
        SETTINGS_LABEL: hashlib.sha256(repr([*sorted(env_var), *bounds.given]).encode()).hexdigest()[:16],
    }
    service = None if replace else _running(chosen, called, port, labels)
    if service is not None and watch and RELOAD_LABEL not in service.labels:
        service, replace = None, True
    before = service is not None
    keys: tuple[str, ...] = ()
    if service is None:
        env = as_dict(env_var)
        keys = _keys(env) if public else ()
        spec = RunSpec(
            image=hand_over(wanted, chosen, report),
            name=called,
            port=port,
            env={**env, **({KEYS_VARIABLE: ",".join(keys)} if keys else {})},
            labels={**labels, **({RELOAD_LABEL: "true"} if watch else {})},
            program=_program(wanted, report) if chosen.images is None else None,
            replace=replace,
            bounds=bounds,
            reloads=watch,
            public=public,
        )
        report.stage("run", f"Starting {called}")
        service, before = _start(chosen, spec, report)
        keys = () if before else keys
    try:
        ready = health.wait_until_ready(chosen, service, report, timeout)
    except Cancelled:
        raise _cancelled(chosen, service, before=before) from None
    seconds = time.monotonic() - started
    return Running(ready, before, seconds, health.readiness(ready).trouble, keys)


def _start(chosen: Engine, spec: RunSpec, report: Reporter) -> tuple[Service, bool]:
    """Start a service, or return one that was started in the same way a moment ago, as by a second click."""
    try:
        return chosen.run(spec, report), False
    except Conflict as error:
        labels = {key: value for key, value in spec.labels.items() if key != RELOAD_LABEL}
        found = None if spec.replace or error.code != "name-in-use" else _running(chosen, spec.name, spec.port, labels)
        if found is None or (spec.reloads and RELOAD_LABEL not in found.labels):
            raise
        return found, True


def _cancelled(chosen: Engine, service: Service, *, before: bool) -> Cancelled:
    """End what was started a moment ago and nobody waits for; return what to say."""
    if before:
        return Cancelled(f"Cancelled; {service.name} goes on.", hint=f"End it with: kill {service.name}.")
    try:
        chosen.remove(chosen.kill(service))
    except ModelpackError as error:
        return Cancelled(
            f"Cancelled, but {service.name} goes on: {error.message}", hint=f"End it with: kill {service.name}."
        )
    return Cancelled(f"Cancelled; {service.name} was ended before it answered.")


def _keys(given: Mapping[str, str]) -> tuple[str, ...]:
    """Make two keys, so that they can be changed one after the other, unless there are some."""
    if any(given.get(name) for name in (KEYS_VARIABLE, f"{KEYS_VARIABLE}_FILE")):
        return ()
    return (secrets.token_urlsafe(32), secrets.token_urlsafe(32))


def default_name(reference: str) -> str:
    """Return what a service is called when nobody names it: the last part of its image's name."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _running(chosen: Engine, name: str, port: int, labels: dict[str, str]) -> Service | None:
    """Return the service of that name if it runs the same package in the same way."""
    from jupyter_modelpack.engine import reload as newer

    try:
        found = chosen.find(name)
    except NotFound:
        return None
    runs = {
        **found.labels,
        DIGEST_LABEL: newer.running_package(found).replace("-", ":") or found.labels.get(DIGEST_LABEL),
    }
    same = all(runs.get(key) == value for key, value in labels.items()) and port in {0, found.port}
    return found if same and found.mine and not found.ended else None


def _program(package: ModelPackage, report: Reporter) -> LocalProgram:
    from jupyter_modelpack.builder.local_run import rootfs
    from jupyter_modelpack.engine import select

    report.log(select.why_no_engine())
    return rootfs.prepare(package.image, report)
