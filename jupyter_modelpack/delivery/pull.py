"""Putting a packaged image into a container engine.

Through the workspace's own registry where the engine can reach it, as ``docker pull`` would. As an
archive where it cannot, or where much is missing: a pull of a large layer takes half as long again. Either
way a layer that the engine has is not sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_modelpack.catalog import azure_output
from jupyter_modelpack.delivery import local_registry
from jupyter_modelpack.engine.base import Credentials, Engine
from jupyter_modelpack.errors import Denied, NotFound, Unavailable
from jupyter_modelpack.events import Event, Log, Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.delivery.remote_registry import Remote

_log = logging.getLogger(__name__)

MUCH = 32_000_000
"""Bytes; from here an archive is faster than a pull, though it costs more to begin."""


def pull(package: ModelPackage, engine: Engine | None, report: Reporter | None) -> None:
    """Put `package` into `engine`; print what ``docker pull`` prints unless `report` takes it."""
    from jupyter_modelpack.engine.select import choose, why_no_engine  # noqa: PLC0415 - asks for engines

    engine = engine or choose()
    shown = report or Reporter(_print)
    if not engine.isolated:
        shown.log(f"{package.location} is in the workspace. {why_no_engine()}")
        return
    if report is None:
        azure_output.pulling()
    location = str(package.location)
    if package.workspace.remote is not None:
        _from_remote(package, package.workspace.remote, engine, shown)
        return
    # Podman takes our http registry only when its configuration says so, and an engine elsewhere does not see it.
    near = engine.name == "docker" and "unix://" in engine.describe()
    if not near or engine.has_image(package.image.id) or _missing(package, engine) > MUCH:
        _load(package, engine, shown)
        return
    endpoint = local_registry.ensure(package.workspace)
    try:
        engine.pull(location, Credentials(endpoint.username, endpoint.password), shown)
    except (Denied, NotFound, Unavailable) as error:
        # Docker Desktop's engine lives in a machine of its own, where our loopback is not.
        _log.info("The engine cannot reach %s: %s", endpoint.address, error.message)
        _load(package, engine, shown)


def _from_remote(package: ModelPackage, remote: Remote, engine: Engine, report: Reporter) -> None:
    known = remote.credentials
    account = Credentials(known.username, known.password) if known and not known.identity_token else None
    try:
        engine.pull(str(package.location), account, report)
    except (Denied, NotFound, Unavailable) as error:
        # The engine speaks https where we were told to speak http, or does not see this machine's loopback.
        report.log(f"{engine.name} cannot pull from {remote.address}; it gets the image from the workspace.")
        _log.info("The engine cannot reach %s: %s", remote.address, error.message)
        _load(package, engine, report)


def _missing(package: ModelPackage, engine: Engine) -> int:
    there = engine.shared_layers(package.image)
    return sum(layer.size for layer in package.image.manifest.layers if layer.digest not in there)


def _load(package: ModelPackage, engine: Engine, report: Reporter) -> None:
    known = engine.has_image(package.image.id)
    engine.load(package.image, [str(package.location)], report)
    report.log(f"Digest: {package.digest}")
    report.log(f"Status: {'Image is up to date' if known else 'Downloaded newer image'} for {package.location}")


def _print(event: Event) -> None:
    if isinstance(event, Log):
        azure_output.say(event.text)
