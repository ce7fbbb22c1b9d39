"""panel: models, packages, images and services in one place."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.commands.images import Images, images
from jupyter_modelpack.commands.models import Models, models
from jupyter_modelpack.commands.packages import Packages, packages
from jupyter_modelpack.commands.services import Services, services
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything there is."""

    models: Models
    packages: Packages
    images: Images
    services: Services


def panel(report: Reporter, *, workspace: str | None = None, engine: str | None = None) -> Overview:
    """Return what a workspace and an engine hold."""
    return Overview(
        models(report, workspace=workspace),
        packages(report, workspace=workspace),
        images(report, workspace=workspace, engine=engine),
        services(report, engine=engine),
    )
