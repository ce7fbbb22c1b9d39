"""load: take a package out of a file that save has written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage


@dataclass(frozen=True, slots=True)
class Loaded:
    """A package that the workspace holds now.

    Attributes:
        reference: Its name.
        digest: Of its manifest, the same as where it was saved.
        size: Bytes, unpacked.
        models: ``name:version`` of each model inside.
        handle: The package, for the notebook.
    """

    reference: str
    digest: str
    size: int
    models: tuple[str, ...]
    handle: ModelPackage = field(repr=False)


def load(report: Reporter, *, file: str | None = None, tag: str | None = None, workspace: str | None = None) -> Loaded:
    """Take the package in `file` into the workspace, under the name it had."""
    from jupyter_modelpack.api.package import ModelPackage  # noqa: PLC0415 - verbs start fast

    if file is None:
        raise UsageError("load needs a file.", hint="load package.tar, for example.", code="no-file")
    package = ModelPackage.load(lookup.workspace(workspace), file, tag=tag, report=report)
    return Loaded(package.location or "", str(package.digest), package.size, tuple(package.models), package)
