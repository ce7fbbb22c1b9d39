"""Putting a package where an engine can run it."""

from __future__ import annotations

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter


def check_is_image(package: ModelPackage) -> None:
    """Raise `UsageError` when the package is a Dockerfile, which no engine can run as it is."""
    if package.generate_dockerfile:
        raise UsageError(
            f"{package.location} is a Dockerfile with its files, no image.",
            hint="Write it to a folder with save, build it with docker build, and run what that makes.",
            code="not-an-image",
        )


def hand_over(package: ModelPackage, engine: Engine, report: Reporter) -> str:
    """See to it that `engine` has the package; return the name under which it runs it."""
    reference = package.location or ""
    if engine.images is None:
        return reference
    if not engine.images.has(package.image.id):
        report.stage("engine", f"Into {engine.name}")
    package.pull(engine=engine, report=report)
    return reference
