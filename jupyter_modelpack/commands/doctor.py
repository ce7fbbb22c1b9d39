"""doctor: is this machine ready, and if not, what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from jupyter_modelpack import home, supported
from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Check, Diagnosis
from jupyter_modelpack.errors import Denied, ModelpackError, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.listener import DEFAULT_PORT, holder

_NEEDED, _COMFORTABLE = 1_000_000_000, 5_000_000_000
"""Bytes free: one image with scikit-learn and its cache takes about 0.7 GB, one with torch about 4 GB."""


def doctor(
    report: Reporter,
    *,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Diagnosis:
    """Look at everything that packaging and running need; change nothing."""
    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("System", _system),
        ("Python", _python),
        ("uv", _uv),
        ("Engine", lambda: _engine(engine)),
        ("Workspace", lambda: _workspace(workspace)),
        ("Base image", _base_image),
        ("Disk", _disk),
        ("Registry", lambda: _registry(workspace)),
        ("Port", _port),
    )
    found = []
    for what, check in checks:
        report.check()
        found.append(_judged(what, check))
    return Diagnosis(tuple(found))


def _judged(what: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except ModelpackError as error:
        return Check(what, "fail", error.message, error.hint)


def _system() -> Check:
    found = f"{platform.system()} {platform.release()}"
    lacking = supported.lacking()
    return Check(
        "System", "warn" if lacking else "ok", lacking or found, "Use Linux; on Windows, WSL 2." * bool(lacking)
    )


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    return Check("Python", "ok", f"{found}; images get Python {sys.version_info[0]}.{sys.version_info[1]}")


def _uv() -> Check:
    import uv

    try:
        return Check("uv", "ok", uv.find_uv_bin())
    except FileNotFoundError:
        return Check("uv", "fail", "its program is missing", f"{sys.executable} -m pip install --force-reinstall uv")


def _engine(named: str | None) -> Check:
    from jupyter_modelpack.engine import select

    chosen = lookup.engine(named)
    if chosen.images is not None:
        return Check("Engine", "ok", chosen.describe())
    try:
        there = select.container_engine()
    except (Denied, Unavailable, UsageError) as error:
        return Check("Engine", "warn", f"{chosen.describe()}. {error.message}", error.hint)
    return Check(
        "Engine", "warn", f"{chosen.describe()}, as asked", f"{there.describe()} is there: --engine {there.name}"
    )


def _workspace(named: str | None) -> Check:
    ws = lookup.workspace(named)
    return Check("Workspace", "ok", f"{ws.name} at {ws.path}: {len(ws.models)} models, {len(ws.packages)} packages")


def _disk() -> Check:
    folder = next(path for path in (home.home(), *home.home().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free at {folder}"
    remedy = "Free some space, or put MODELPACK_HOME on a larger disk."
    if free < _NEEDED:
        return Check("Disk", "fail", found, remedy)
    return Check("Disk", "ok", found) if free >= _COMFORTABLE else Check("Disk", "warn", found, remedy)


def _port() -> Check:
    from jupyter_modelpack.engine import ports

    if ports.is_free(DEFAULT_PORT):
        return Check("Port", "ok", f"{DEFAULT_PORT} is free")
    return Check(
        "Port",
        "warn",
        f"{DEFAULT_PORT} is held by {holder(DEFAULT_PORT)}",
        "End it, or use run --port 0, which takes a free port.",
    )


def _base_image() -> Check:
    from jupyter_modelpack.builder.base_image import base_name, debian, resolve
    from jupyter_modelpack.oci.manifest import Platform
    from jupyter_modelpack.oci.names import Reference
    from jupyter_modelpack.store.layout import Layout

    cache, host = Layout.create(home.cache()), Platform()
    wanted, why = resolve.wanted_base(None, debian.host_python(), host, cache)
    if wanted.startswith("made/") or home.expand(wanted).exists() or Path(wanted.rpartition(":")[0]).is_dir():
        return Check("Base image", "ok", f"{wanted} ({why})")
    if base_name.kept_name(str(Reference.parse(wanted).on_hub()), host) in cache.names():
        return Check("Base image", "ok", f"{wanted} ({why}), here already")
    return Check(
        "Base image",
        "warn",
        f"{wanted} ({why}), to be fetched when it is needed",
        f"If its registry is out of reach, run modelpack base, or set {resolve.VARIABLE}.",
    )


def _registry(named: str | None) -> Check:
    from jupyter_modelpack.registry.server.probe import Presence, who_answers
    from jupyter_modelpack.registry.server.process import port_taken

    endpoint = lookup.workspace(named).endpoint()
    found = who_answers(endpoint)
    if found is Presence.OURS:
        return Check("Registry", "ok", f"serves at {endpoint.address}")
    if found is Presence.NOBODY:
        return Check("Registry", "ok", f"starts at {endpoint.address} when it is needed")
    raise port_taken(endpoint, found)
