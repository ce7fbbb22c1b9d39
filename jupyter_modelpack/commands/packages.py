"""packages: what a workspace holds, ready to run or to hand over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import PackageRow, Packages
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.engine.image_store import ImageRow
    from jupyter_modelpack.oci.digest import Digest


def packages(
    _report: Reporter,
    *,
    workspace: options.Workspace = None,
) -> Packages:
    """Return the packages of a workspace."""
    from jupyter_modelpack.proof.kept import all_said

    ws = lookup.workspace(workspace)
    proofs = {key: proof.words for key, proof in all_said(ws.store).items()}
    return Packages(ws.name, tuple(_row(package, proofs) for package in ws.packages))


def _row(package: ModelPackage, proofs: Mapping[tuple[str, Digest], str]) -> PackageRow:
    record = package.record
    return PackageRow(
        package.location or "",
        package.digest or "",
        package.size,
        package.created_time,
        tuple(package.models),
        package.generate_dockerfile,
        proofs.get((record.name.rpartition(":")[0], record.descriptor.digest), ""),
    )


def image_row(package: ModelPackage) -> ImageRow:
    """Return a package as a row of ``docker images``."""
    from jupyter_modelpack.engine.image_store import ImageRow
    from jupyter_modelpack.oci.names import Reference

    name = Reference.parse(package.location or "")
    return ImageRow(name.name, name.tag, package.image.id, package.created_time, package.size, ours=True)
