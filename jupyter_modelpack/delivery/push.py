"""Pushing a packaged image to a remote registry."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_modelpack.catalog.attachments import about
from jupyter_modelpack.delivery.pushed_layers import PushedLayers
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import PROOF_TYPE
from jupyter_modelpack.oci.names import Reference

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.package_record import PackageRecord
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
    from jupyter_modelpack.events import Reporter
    from jupyter_modelpack.oci.image import Image


def target_of(target: str, tag: str) -> Reference:
    """Return where a target means; without a tag of its own, under `tag`.

    Raises:
        UsageError: it names no place that anybody can push to.
    """
    name = Reference.parse(target)
    if name.digest:
        raise UsageError(
            f"{target} ends in a digest, and a push gives a name.", hint="Leave the digest out, or name a tag."
        )
    if not name.registry and "/" not in name.repository:
        raise UsageError(
            f"{target!r} does not say which registry to push to.",
            hint=f"Name it: registry.example.com/team/{name.repository}. On Docker Hub it is USER/{name.repository}.",
            code="no-registry",
        )
    return replace(name, tag=name.tag or tag)


def mount_from(image: Image, place: Reference) -> str:
    """Return the repository of the base image where that lies in the registry that the image goes to."""
    with contextlib.suppress(UsageError):  # what is no reference is nowhere
        base = Reference.parse(image.labels().get("org.opencontainers.image.base.name", "")).on_hub()
        return base.repository if base.registry == place.registry else ""
    return ""


def push(
    workspace: WorkspaceFolder, record: PackageRecord, target: str, report: Reporter, *, plain_http: bool | None = None
) -> Reference:
    """Push a package of `workspace` to `target`, with its signatures; return the name it has there, digest included.

    Raises:
        UsageError: `target` names no place that anybody can push to.
        Denied: the registry does not let us write there.
        Unavailable: it cannot be reached, or stays busy.
    """
    from jupyter_modelpack.registry.client.client import Registry  # noqa: PLC0415 - only who pushes pays for it
    from jupyter_modelpack.registry.client.credentials import find_credentials  # noqa: PLC0415
    from jupyter_modelpack.registry.client.push_referrers import push_about  # noqa: PLC0415
    from jupyter_modelpack.registry.client.transfer import push_image  # noqa: PLC0415

    repository, _, tag = record.name.rpartition(":")
    name = target_of(target, tag)
    report.stage("push", f"Pushing {workspace.registry_address}/{record.name} to {name}")
    place = name.on_hub()
    known = find_credentials(place.registry, place.repository)
    registry = Registry(place.registry, credentials=known, plain_http=plain_http or None)
    image = workspace.store.image(record.descriptor)
    # A proof is about the image of this workspace, whose digest is another one there.
    beside = about(workspace.store, repository, image.digest)
    found = [one for one in beside if one.manifest.artifact_type != PROOF_TYPE]
    if found:
        report.log(f"Its layers go as they are, for {len(found)} signed or described it by its digest.")
    memory = None if found else PushedLayers()
    digest = push_image(image, name, report, registry, mount_from(image, place), memory=memory)
    push_about(found, place, report, registry)
    return replace(name, digest=digest)
