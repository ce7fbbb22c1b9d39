"""Putting a packaged image into a container engine.

Through the workspace's own registry where the engine can reach it, as ``docker pull`` would. As an
archive where it cannot, or where much is missing: a pull of a large layer takes half as long again. Either
way a layer that the engine has is not sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_modelpack.catalog import azure_output
from jupyter_modelpack.delivery import local_registry, remote_registry
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.engine.image_store import EngineCredentials, ImageStore
from jupyter_modelpack.errors import Denied, NotFound, Unavailable
from jupyter_modelpack.events import Event, Log, Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.package_record import PackageRecord
    from jupyter_modelpack.catalog.remote_address import RemoteAddress
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
    from jupyter_modelpack.oci.image import Image

_log = logging.getLogger(__name__)

MUCH = 32_000_000
"""Bytes; from here an archive is faster than a pull, though it costs more to begin."""


def pull(workspace: WorkspaceFolder, record: PackageRecord, engine: Engine | None, report: Reporter | None) -> None:
    """Put a package of `workspace` into `engine`; print what ``docker pull`` prints unless `report` takes it."""
    from jupyter_modelpack.engine.select import choose, why_no_engine  # noqa: PLC0415 - asks for engines

    engine = engine or choose()
    shown = report or Reporter(_print)
    location = f"{workspace.registry_address}/{record.name}"
    images = engine.images
    if images is None:
        shown.log(f"{location} is in the workspace. {why_no_engine()}")
        return
    if report is None:
        azure_output.pulling()
    image = workspace.store.image(record.descriptor)
    if workspace.remote is not None:
        _from_remote(image, location, workspace.remote, engine.name, images, shown)
        return
    # Podman takes our http registry only when its configuration says so, and an engine elsewhere does not see it.
    near = engine.name == "docker" and "unix://" in engine.describe()
    if not near or images.has(image.id) or _missing(image, images) > MUCH:
        _load(image, location, images, shown)
        return
    endpoint = local_registry.ensure(workspace)
    try:
        images.pull(location, EngineCredentials(endpoint.username, endpoint.password), shown)
    except (Denied, NotFound, Unavailable) as error:
        # Docker Desktop's engine lives in a machine of its own, where our loopback is not.
        _log.info("The engine cannot reach %s: %s", endpoint.address, error.message)
        _load(image, location, images, shown)


def _from_remote(
    image: Image, location: str, remote: RemoteAddress, engine: str, images: ImageStore, report: Reporter
) -> None:
    known = remote_registry.credentials_of(remote)
    account = EngineCredentials(known.username, known.password) if known and not known.identity_token else None
    try:
        images.pull(location, account, report)
    except (Denied, NotFound, Unavailable) as error:
        # The engine speaks https where we were told to speak http, or does not see this machine's loopback.
        report.log(f"{engine} cannot pull from {remote.address}; it gets the image from the workspace.")
        _log.info("The engine cannot reach %s: %s", remote.address, error.message)
        _load(image, location, images, report)


def _missing(image: Image, images: ImageStore) -> int:
    there = images.shared_layers(image)
    return sum(layer.size for layer in image.manifest.layers if layer.digest not in there)


def _load(image: Image, location: str, images: ImageStore, report: Reporter) -> None:
    known = images.has(image.id)
    images.load(image, [location], report)
    report.log(f"Digest: {image.digest}")
    report.log(f"Status: {'Image is up to date' if known else 'Downloaded newer image'} for {location}")


def _print(event: Event) -> None:
    if isinstance(event, Log):
        azure_output.say(event.text)
